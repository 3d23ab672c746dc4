/**
 * daimon turns a Node.js program into a well-behaved Unix daemon.
 *
 * @packageDocumentation
 */

// First: the rest looks for the state that it leaves.
import './adoption.js'

export type { DaemonContext } from './context.js'
export { Daemon, type ExitInfo, type RunArgs } from './daemon.js'
export { daemonize, type LauncherResult } from './daemonize.js'
export {
  AlreadyRunningError,
  DaemonError,
  type DaemonErrorCode,
  InvalidOptionError,
  NotRunningError,
  PermissionDeniedError,
  PidFileError,
  type PidFileReason,
  ReadyTimeoutError,
  StartFailedError,
  StopTimeoutError,
  UnsupportedError,
  UnverifiedError,
} from './errors.js'
export type {
  CommonOptions,
  DaemonizeOptions,
  DaemonOptions,
  Detach,
  LimitName,
  LimitValue,
  Logger,
  LogOptions,
  LogsOptions,
  PathLike,
  ProcessOptions,
  ReadyMode,
  RunFunction,
  StopOptions,
  WithOptions,
} from './options.js'
export { send } from './send.js'
export type { NamedAction, SignalAction } from './signal-actions.js'
export type { SignalMap } from './signals.js'
export type { Running, Status, Stopped, Unverified } from './status.js'
export type { StopResult } from './stop.js'
export type { StopHook, StopReason } from './stopping.js'
