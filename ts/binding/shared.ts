/**
 * What all copies of the package in one thread share: one value under one symbol. Loaded by launcher and daemon; part
 * of what is loaded before a script, so it loads nothing.
 */

import type { Binding } from './load.js'

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/**
 * The layout of the shared value: the members of `State` and of all that it gives access to. Raised when one of them
 * changes its name or meaning, and by nothing else: copies of two versions with one number work together, those with
 * two numbers refuse to (`inside/own-state.ts`).
 */
export const STATE_ABI = 1

const STATE = Symbol.for('daimon.adopted')

/** What every layout has, for ever: it tells which copy made the value. */
export interface Shared {
  readonly abi: number
  /** The version of that copy. */
  readonly version: string
  /** The address of the copy's file. */
  readonly from: string
}

/** What is shared in a thread of a daemon. In a worker it is no more than this; `State` is that of the main thread. */
export interface SharedInDaemon extends Shared {
  readonly isWorker: boolean
  /** The native part, for all copies of this version. */
  readonly binding?: Binding
  /** Begins the script; the preload sets it for the import hook (`settle.js`). */
  readonly beginScript?: (() => void) | undefined
}

/** The value as it is, whichever copy made it; undefined where this process is no daemon. */
export function shared(): Shared | undefined {
  return Reflect.get(globalThis, STATE)
}

/** The value, where it has the layout that this copy knows. */
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

/** What tells other copies which one this is. */
export function signature(from: string): Shared {
  return { abi: STATE_ABI, version: DAIMON_VERSION, from }
}
