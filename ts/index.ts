/// <reference lib="esnext.disposable" preserve="true" />

/**
 * daimon turns a Node.js program into a well-behaved Unix daemon.
 *
 * @packageDocumentation
 */

// First: the rest looks for the state that it leaves.
import './inside/adopt.js'
// Then: in a daemon nothing is read later.
import './inside/beforehand.js'

import './provide.js'
// What process and package are now: both may change before the verbs are used.
import './launcher/program/at-start.js'
import './launcher/program/own-files.js'

export { Daemon, type RunArgs } from './daemon.js'
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
  UpgradeInProgressError,
} from './errors.js'
export { send } from './send.js'
export type {
  ConnectionHandler,
  ConnectOptions,
  DaemonSocket,
  Peer,
  SocketOptions,
} from './types/connections.js'
export type { ContextEvent, DaemonContext, StopHook, StopReason } from './types/context.js'
export type { LogOptions, LogsOptions } from './types/logs.js'
export type {
  CommonOptions,
  DaemonizeOptions,
  DaemonOptions,
  Detach,
  ListenAddress,
  Logger,
  PathLike,
  ReadyAddress,
  ReadyMode,
  ReadyWhen,
  RespawnOptions,
  RespawnWhen,
  RunFunction,
  StopOptions,
  WithOptions,
} from './types/options.js'
export type { LimitName, LimitValue, ProcessOptions } from './types/process.js'
export type { NamedAction, SignalAction, SignalMap, SignalName } from './types/signals.js'
export type { Body, ExitInfo, Running, Status, Stopped, StopResult, Unverified } from './types/status.js'
