/** The options as the rest of the package reads them: checked, complete, paths absolute. */

import type { StopTerms } from '../handover/relaunch.js'
import type { Stdio, Streams } from '../handover/settings.js'
import type { Detach, Logger, ReadyMode, RunFunction } from '../types/options.js'
import type { SignalAction } from '../types/signals.js'
import type { GivenProcess } from './limits.js'

/** Whose options they are: it decides which are allowed. */
export type OptionsForm = 'Daemon' | 'daemonize' | 'with'

export type { FileStdio, Rotation, Stdio } from '../handover/settings.js'

/** What `logs()` is asked for. */
export interface LogsSettings {
  readonly lines: number
  readonly follow: boolean
  readonly signal: AbortSignal | undefined
}

/** The options as they were given, checked one by one, paths absolute: what `with()` builds on. */
export interface Given {
  readonly name: string | undefined
  readonly pidFile: string | undefined
  readonly pidFileMode: number | undefined
  readonly stdin: Stdio | undefined
  readonly stdout: Stdio | undefined
  readonly stderr: Stdio | undefined
  readonly cwd: string | undefined
  readonly umask: number | undefined
  readonly env: Readonly<Record<string, string | undefined>> | undefined
  readonly cleanEnv: boolean | undefined
  readonly title: string | undefined
  readonly args: readonly unknown[] | (() => unknown) | undefined
  readonly exit: boolean | undefined
  readonly lockTimeout: number | undefined
  readonly ready: ReadyMode | undefined
  readonly readyTimeout: number | undefined
  readonly detach: Detach | undefined
  readonly stopSignal: number | undefined
  readonly stopTimeout: number | undefined
  readonly forceKill: boolean | undefined
  readonly signals: Readonly<Record<string, SignalAction>> | undefined
  readonly logger: Logger | undefined
  readonly run: RunFunction | undefined
  readonly script: string | undefined
  readonly scriptArgs: readonly string[] | undefined
  readonly execPath: string | undefined
  readonly execArgv: readonly string[] | undefined
  readonly signal: AbortSignal | undefined
  readonly stopGroup: boolean | undefined
  readonly process: GivenProcess
}

/** How a stop goes. */
export interface StopSettings extends StopTerms {
  readonly signal: AbortSignal | undefined
}

/** Of the complete options, what a start needs that has its plan. */
export type StartSettings = StopSettings &
  Pick<Settings, 'name' | 'pidFile' | 'ready' | 'readyTimeout' | 'logger' | 'script' | 'run' | 'cwd'> & {
    readonly given: Pick<Given, 'cwd'>
    readonly process: Pick<GivenProcess, 'user' | 'group' | 'chroot'>
  }

/** Of the complete options, what is asked of the system beforehand. */
export type CheckedSettings = Pick<Settings, 'script' | 'cwd' | 'stdio' | 'pidFile'> & {
  readonly given: Pick<Given, 'execPath' | 'cwd'>
  readonly process: Pick<GivenProcess, 'chroot'>
}

/** The complete, checked options: defaults filled in, paths absolute, times in milliseconds. */
export interface Settings extends StopSettings {
  readonly name: string | undefined
  readonly pidFile: string
  readonly pidFileMode: number
  /** The folder to be made when the pidfile's path came from `name`. */
  readonly defaultFolder: string | undefined
  readonly stdio: Streams
  /** `undefined`: there was no current folder any more, which only a start needs. */
  readonly cwd: string | undefined
  readonly umask: number
  /** What is merged over the launcher's environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cleanEnv: boolean
  readonly title: string | undefined
  /** Not yet called when it is a function, whose result is then unchecked. */
  readonly args: readonly unknown[] | (() => unknown)
  readonly exit: boolean
  readonly lockTimeout: number
  readonly ready: ReadyMode
  readonly readyTimeout: number
  readonly detach: Detach
  readonly signals: Readonly<Record<string, SignalAction>>
  readonly logger: Logger | undefined
  readonly run: RunFunction | undefined
  readonly script: string | undefined
  readonly scriptArgs: readonly string[]
  readonly execPath: string
  /** `undefined`: the launcher's. */
  readonly execArgv: readonly string[] | undefined
  readonly process: GivenProcess
  readonly given: Given
}
