/**
 * What a launcher tells its daemon so that it can have itself started again as it was: nobody else knows it by then.
 */

import type { NativePlan } from '../binding/native.js'
import type { Program } from '../launcher/program/index.js'
import type { Settings, StopSettings } from '../options/index.js'

/** Raised when an older helper would misunderstand it: package and daemon may be of two versions. */
export const FORMAT = 1

/** A launch, to be done once more. */
export interface Relaunch {
  readonly format: number
  /** All of the first launch's; its folder is always named. */
  readonly plan: NativePlan
  /** The standard streams as the options have them. */
  readonly stdio: Settings['stdio']
  /** The program's main file, where there is one. */
  readonly main?: string | undefined
  /** The files of this package that are loaded before it. */
  readonly preloads: readonly string[]
  readonly readyTimeout: number
  readonly stop: Omit<StopSettings, 'signal'>
  /** Whose rights the launcher had. */
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

/** The launch of these settings, for later. */
export function relaunchOf(settings: Settings, program: Program, plan: NativePlan): Relaunch {
  const { stdio, readyTimeout, stopSignal, stopTimeout, forceKill, stopGroup } = settings
  return {
    format: FORMAT,
    plan: { ...plan, ...folderOf(program) },
    stdio,
    main: program.main,
    preloads: program.preloads,
    readyTimeout,
    stop: { stopSignal, stopTimeout, forceKill, stopGroup },
    uid: process.geteuid?.(),
    gid: process.getegid?.(),
  }
}

function folderOf({ folder }: Program): { folder?: string } {
  try {
    return { folder: folder ?? process.cwd() }
  } catch {
    // Removed: then it was started from none, too.
    return {}
  }
}

/** As text: the daemon keeps it as it came, and most never read it. JSON has no Infinity. */
export function encodeRelaunch(relaunch: Relaunch): string {
  return JSON.stringify(relaunch, (_, value) =>
    value === Number.POSITIVE_INFINITY ? { endless: true } : value,
  )
}

/** The contrary of {@link encodeRelaunch}. */
export function decodeRelaunch(text: string): Relaunch {
  return JSON.parse(text, (_, value) => (value?.endless === true ? Number.POSITIVE_INFINITY : value))
}
