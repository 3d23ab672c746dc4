/**
 * The value that all copies of the package in one thread share, under one symbol. Runs in both processes. It is loaded
 * before a script, so it loads nothing.
 */

import type { Binding } from './load.js'

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/**
 * The number of the shared value's layout: the members of `State` and of all objects that it gives access to. It is
 * raised when a member changes its name or meaning, and for no other reason: copies with the same number work together
 * even if their versions differ; copies with different numbers refuse to (`inside/own-state.ts`).
 */
export const STATE_ABI = 1

const STATE = Symbol.for('daimon.adopted')

/** The members that every layout has, for ever. They tell which copy made the value. */
export interface Shared {
  readonly abi: number
  /** The version of that copy. */
  readonly version: string
  /** The path of the copy's file. */
  readonly from: string
}

/**
 * The shared value in a thread of a daemon. In a worker it has only these members; in the main thread it is a
 * `State`.
 */
export interface SharedInDaemon extends Shared {
  readonly isWorker: boolean
  /** The native part, for all copies of this version. */
  readonly binding?: Binding
  /** Begins the script; the preload sets it for the import hook (`settle.js`). */
  readonly beginScript?: (() => void) | undefined
}

/** The value, whichever copy made it; undefined if this process is no daemon. */
export function shared(): Shared | undefined {
  return Reflect.get(globalThis, STATE)
}

/** The value, if it has the layout that this copy knows. */
export function sharedOfThisLayout(): SharedInDaemon | undefined {
  const found = shared()
  return found === undefined || !isOfThisLayout(found) ? undefined : found
}

/** Whether this copy knows the layout of the value. */
export function isOfThisLayout(found: Shared): found is SharedInDaemon {
  return found.abi === STATE_ABI
}

/** Shares the value, for good. */
export function share(value: Shared): void {
  Reflect.set(globalThis, STATE, value)
}

/** The members that tell other copies which copy this is. */
export function signature(from: string): Shared {
  return { abi: STATE_ABI, version: DAIMON_VERSION, from }
}
