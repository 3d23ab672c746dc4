/** The options as the package reads them: checked, complete, with absolute paths. Runs in both processes. */

import type { StopTerms } from '../handover/relaunch.js'
import type { SocketSettings, Stdio, Streams } from '../handover/settings.js'
import type {
  DaemonOptions,
  Detach,
  Logger,
  ReadyMode,
  ReadyWhen,
  RespawnWhen,
  RunFunction,
} from '../types/options.js'
import type { LimitName } from '../types/process.js'
import type { SignalAction } from '../types/signals.js'
import type { Form } from './row.js'
import type { SocketGiven } from './socket.js'

/** The verb, or constructor, that takes the options: it decides which are allowed. */
export type OptionsForm = Extract<Form, 'Daemon' | 'daemonize' | 'with'>

/** A limit, checked. */
export interface Limit {
  readonly name: LimitName
  readonly soft: number
  readonly hard: number
}

/** When and how often a keeper starts the program again. Times in milliseconds. */
export interface RespawnSettings {
  readonly on: RespawnWhen
  readonly delay: number
  readonly maxDelay: number
  readonly limit: number
  readonly window: number
}

/** A socket that is there before the program. */
export interface Listen {
  readonly name: string
  /** Without a path. */
  readonly port?: number
  /** An IP address. */
  readonly host?: string
  readonly path?: string
  /** Of the file at the path. */
  readonly mode?: number
  readonly backlog?: number
}

/** How a keeper keeps the program. */
export interface KeeperSettings {
  readonly respawn: RespawnSettings
  readonly listen: readonly Listen[]
  readonly instances: number
  readonly drainTimeout: number
}

/** The option `ready`, an address with an absolute path. */
export type ReadyGiven = Exclude<ReadyWhen, object> | ReadyAt

/** Where somebody accepts connections. */
export type ReadyAt =
  | { readonly port: number; readonly host?: string; readonly path?: never }
  | { readonly path: string; readonly port?: never; readonly host?: never }

/** By what a program is known to be ready. */
export type Readiness = 'running' | 'notify' | ReadyAt

/** A program of any kind as the body. */
export interface ExecutableSettings {
  /** As it was given: a path, or a name that is looked for in PATH. */
  readonly program: string
  readonly args: readonly string[]
  readonly ready: Readiness
}

/** The option `respawn`; false: none. */
export type RespawnGiven = false | RespawnSettings

export type { FileStdio, Rotation, SocketSettings, Stdio } from '../handover/settings.js'

/** Options that have a value even when they are not given: their defaults are in the table. */
export interface Defaulted {
  /** A function has not been called yet, and its result is not checked. */
  readonly args: readonly unknown[] | (() => unknown)
  readonly cleanEnv: boolean
  /** Whether there is a cache, or its folder. */
  readonly compileCache: boolean | string
  readonly detach: Detach
  /** The variables to merge over the launcher's environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly exit: boolean
  readonly forceKill: boolean
  readonly idleTimeout: number
  readonly lockTimeout: number
  readonly pidFileMode: number
  readonly programArgs: readonly string[]
  readonly ready: ReadyGiven
  readonly readyTimeout: number
  readonly scriptArgs: readonly string[]
  readonly signals: Readonly<Record<string, SignalAction>>
  readonly stopGroup: boolean
  readonly stopSignal: number
  readonly stopTimeout: number
  readonly umask: number
}

/** Options that may be missing, or have a default that depends on other options or on the system. */
export interface OtherValues {
  readonly cwd: string
  readonly execArgv: readonly string[]
  readonly drainTimeout: number
  readonly execPath: string
  readonly instances: number
  readonly listen: readonly Listen[]
  readonly log: Stdio
  readonly logger: Logger
  readonly name: string
  readonly pidFile: string
  readonly program: string
  readonly respawn: RespawnGiven
  readonly run: RunFunction
  readonly script: string
  readonly signal: AbortSignal
  readonly socket: SocketGiven
  readonly stderr: Stdio
  readonly stdin: Stdio
  readonly stdout: Stdio
  readonly title: string
  readonly version: string
}

/** Options of the process that the daemon is. */
export interface ProcessValues {
  readonly chroot: string
  readonly coreDumps: boolean
  readonly group: string | number
  readonly keepFds: readonly number[]
  readonly limits: readonly Limit[]
  readonly nice: number
  readonly noNewPrivileges: boolean
  readonly oomScoreAdj: number
  readonly user: string | number
}

/** Options of `logs()`. */
export interface LogsValues {
  readonly follow: boolean
  readonly lines: number
}

/** Options of `connect()`. */
export interface ConnectValues {
  readonly start: boolean
}

type OrUndefined<T> = { readonly [K in keyof T]: T[K] | undefined }

/** Options as they were given, checked one by one, paths absolute. */
export type Values = Partial<Defaulted & OtherValues & ProcessValues & LogsValues & ConnectValues>

/** The given options, on which `with()` builds. `log` has become both outputs. */
export type Given = Omit<Values, 'log'>

export type GivenProcess = OrUndefined<ProcessValues>

/** The options of `connect()`. */
export interface ConnectSettings extends ConnectValues {
  readonly args: readonly unknown[]
  readonly signal: AbortSignal | undefined
}

/** The options of `logs()`. */
export interface LogsSettings extends LogsValues {
  readonly signal: AbortSignal | undefined
}

/** How a stop goes. */
export interface StopSettings extends StopTerms {
  readonly signal: AbortSignal | undefined
}

/** The options that a start needs beside its plan. */
export type StartSettings = StopSettings &
  Pick<Settings, 'name' | 'pidFile' | 'ready' | 'readyTimeout' | 'logger' | 'script' | 'run' | 'cwd'> & {
    readonly given: Pick<Given, 'cwd'>
    readonly process: Pick<GivenProcess, 'user' | 'group' | 'chroot'>
    readonly executable?: ExecutableSettings | undefined
  }

/** The options that are checked by asking the system before a start. */
export type CheckedSettings = Pick<Settings, 'script' | 'cwd' | 'stdio' | 'pidFile' | 'compileCache'> & {
  readonly given: Partial<OrUndefined<Pick<OtherValues, 'execPath' | 'cwd'>>>
  readonly process: Pick<GivenProcess, 'chroot'>
  readonly executable?: ExecutableSettings | undefined
  readonly env?: DaemonOptions['env']
}

/** The complete, checked options: defaults filled in, paths absolute, times in milliseconds. */
export type Settings = Omit<Defaulted, 'ready'> &
  OrUndefined<Pick<OtherValues, 'name' | 'title' | 'logger' | 'run' | 'script' | 'signal' | 'version'>> &
  Pick<OtherValues, 'pidFile' | 'execPath'> & {
    /** The folder to be made when the pidfile's path came from `name`. */
    readonly defaultFolder: string | undefined
    readonly stdio: Streams
    readonly socket: SocketSettings | undefined
    /** Of a program of Node.js. */
    readonly ready: ReadyMode
    /** `undefined`: the body is a program of Node.js. */
    readonly executable: ExecutableSettings | undefined
    /** `undefined`: no keeper. */
    readonly keeper: KeeperSettings | undefined
    /** `undefined`: there was no current folder any more, which only a start needs. */
    readonly cwd: string | undefined
    /** `undefined`: the launcher's. */
    readonly execArgv: readonly string[] | undefined
    readonly process: GivenProcess
    readonly given: Given
  }
