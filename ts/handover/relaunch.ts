/**
 * The launch as data. The launcher sends it, because at `context.restart()` no other process has it.
 * Written by the launcher; read by the daemon, and by the helper that restarts it.
 */

import type { NativePlan } from '../binding/native.js'
import type { Streams } from './settings.js'
import { HANDOVER_VERSION } from './version.js'

/** How the daemon is stopped. Times in milliseconds. */
export interface StopTerms {
  readonly stopSignal: number
  readonly stopTimeout: number
  readonly forceKill: boolean
  readonly stopGroup: boolean
}

/** A launch that can be repeated. */
export interface Relaunch {
  readonly version: number
  /** The plan of the first launch, always with its folder. */
  readonly plan: NativePlan
  /** The standard streams as the options have them. */
  readonly stdio: Streams
  /** The program's main file, where there is one. */
  readonly main?: string | undefined
  /** The files of this package that are loaded before it. */
  readonly preloads: readonly string[]
  readonly readyTimeout: number
  readonly stop: StopTerms
  /** The launcher's effective user and group. */
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

/** The launch of these settings, for later; `folder` is where it was executed. */
export function relaunchOf(
  settings: StopTerms & Pick<Relaunch, 'stdio' | 'readyTimeout'>,
  plan: NativePlan,
  { main, preloads }: Pick<Relaunch, 'main' | 'preloads'>,
  folder: string | undefined,
): Relaunch {
  const { stdio, readyTimeout, stopSignal, stopTimeout, forceKill, stopGroup } = settings
  return {
    version: HANDOVER_VERSION,
    plan: folder === undefined ? plan : { ...plan, folder },
    stdio,
    main,
    preloads,
    readyTimeout,
    stop: { stopSignal, stopTimeout, forceKill, stopGroup },
    uid: process.geteuid?.(),
    gid: process.getegid?.(),
  }
}

/** The launch as text, because most daemons only keep it and never read it. JSON has no Infinity. */
export function encodeRelaunch(relaunch: Relaunch): string {
  return JSON.stringify(relaunch, (_, value) =>
    value === Number.POSITIVE_INFINITY ? { endless: true } : value,
  )
}

/** Reads the text of {@link encodeRelaunch}. */
export function decodeRelaunch(text: string): Relaunch {
  return JSON.parse(text, (_, value) => (value?.endless === true ? Number.POSITIVE_INFINITY : value))
}
