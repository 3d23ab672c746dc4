/** Every error of the package. Runs in both processes. */

/** Every value that {@link DaemonError.code} can have. Stable: match on it. */
export type DaemonErrorCode =
  | 'ERR_DAEMON_ALREADY_RUNNING'
  | 'ERR_DAEMON_NOT_RUNNING'
  | 'ERR_DAEMON_START_FAILED'
  | 'ERR_DAEMON_READY_TIMEOUT'
  | 'ERR_DAEMON_STOP_TIMEOUT'
  | 'ERR_DAEMON_PIDFILE'
  | 'ERR_DAEMON_UNVERIFIED'
  | 'ERR_DAEMON_INVALID_OPTION'
  | 'ERR_DAEMON_PERMISSION_DENIED'
  | 'ERR_DAEMON_UNSUPPORTED'
  | 'ERR_DAEMON_UPGRADE_IN_PROGRESS'

/** Why a pidfile was refused, see {@link PidFileError.reason}. */
export type PidFileReason =
  | 'missing-directory'
  | 'symlink'
  | 'not-regular'
  | 'hard-linked'
  | 'foreign-owner'
  | 'world-writable'
  | 'unsafe-directory'
  | 'garbage'
  | 'lock-leaked'
  | 'contended'
  | 'not-a-socket'
  | 'socket-foreign'
  | 'in-use'

/** The fields that an error's constructor takes: those of `T` may be unknown, those of `Always` are always known. */
export type ErrorExtras<T = unknown, Always = unknown> = Always & {
  pidFile?: string | undefined
  cause?: unknown
} & {
  [K in keyof T]?: T[K] | undefined
}

/** The base of all errors of this package; it is never thrown itself. */
export abstract class DaemonError extends Error {
  /** The stable code of the class. */
  abstract readonly code: DaemonErrorCode
  /** The pidfile in question, where there is one: an absolute path. */
  declare readonly pidFile?: string

  constructor(message: string, extras: ErrorExtras = {}) {
    const { cause, ...rest } = extras
    super(message, cause === undefined ? undefined : { cause })
    for (const [key, value] of Object.entries(rest)) {
      // Unknown fields stay absent, so that `'pid' in error` tells and a printed error shows no blanks.
      if (value !== undefined) {
        Object.defineProperty(this, key, { value, enumerable: true, writable: true, configurable: true })
      }
    }
  }
}

/** Another instance holds the pidfile. */
export class AlreadyRunningError extends DaemonError {
  override readonly code: 'ERR_DAEMON_ALREADY_RUNNING' = 'ERR_DAEMON_ALREADY_RUNNING'
  /** The PID of the running instance. */
  declare readonly pid?: number

  constructor(message: string, extras: ErrorExtras<{ pid: number }> = {}) {
    super(message, extras)
  }
}

/** There is no daemon that could be signalled. */
export class NotRunningError extends DaemonError {
  override readonly code: 'ERR_DAEMON_NOT_RUNNING' = 'ERR_DAEMON_NOT_RUNNING'
}

/** The fields of a {@link StartFailedError}. */
export type StartFailure = { step: string; exitCode: number; exitSignal: string; log: string }

/** The daemon was not launched, or ended before it was ready. `cause` is the daemon's own error where it told one. */
export class StartFailedError extends DaemonError {
  override readonly code: 'ERR_DAEMON_START_FAILED' = 'ERR_DAEMON_START_FAILED'
  /** The step of the launch that failed. */
  declare readonly step?: string
  /** The exit code of the daemon, where the kernel tells. */
  declare readonly exitCode?: number
  /** The name of the signal that ended the daemon, where the kernel tells. */
  declare readonly exitSignal?: string
  /** The last lines of the daemon's log. */
  declare readonly log?: string

  constructor(message: string, extras: ErrorExtras<StartFailure> = {}) {
    super(message, extras)
  }
}

/** The daemon was not ready within `readyTimeout` and has been ended; or it has not accepted a client, and goes on. */
export class ReadyTimeoutError extends DaemonError {
  override readonly code: 'ERR_DAEMON_READY_TIMEOUT' = 'ERR_DAEMON_READY_TIMEOUT'
  /** The PID that the daemon had. */
  declare readonly pid: number
  /** The time that it had, in milliseconds. */
  declare readonly timeout: number
  /** The last lines of the daemon's log. */
  declare readonly log?: string

  constructor(message: string, extras: ErrorExtras<{ log: string }, { pid: number; timeout: number }>) {
    super(message, extras)
  }
}

/**
 * The daemon did not end within `stopTimeout`, and `forceKill` is false; or not even SIGKILL has ended it, since it
 * waits in the kernel.
 */
export class StopTimeoutError extends DaemonError {
  override readonly code: 'ERR_DAEMON_STOP_TIMEOUT' = 'ERR_DAEMON_STOP_TIMEOUT'
  /** The PID of the daemon, which is still running. */
  declare readonly pid: number
  /** The time that it had before any SIGKILL, in milliseconds. */
  declare readonly timeout: number

  constructor(message: string, extras: ErrorExtras<unknown, { pid: number; timeout: number }>) {
    super(message, extras)
  }
}

/** The pidfile cannot be used as it is. */
export class PidFileError extends DaemonError {
  override readonly code: 'ERR_DAEMON_PIDFILE' = 'ERR_DAEMON_PIDFILE'
  /** The fault of the pidfile; absent when `cause` says it all. */
  declare readonly reason?: PidFileReason

  constructor(message: string, extras: ErrorExtras<{ reason: PidFileReason }> = {}) {
    super(message, extras)
  }
}

/**
 * The pidfile is held by a process that cannot be proven to be the daemon: no signal has been sent. Or the end of a
 * proven daemon cannot be waited for, as the message says: a signal that has been sent stays sent.
 */
export class UnverifiedError extends DaemonError {
  override readonly code: 'ERR_DAEMON_UNVERIFIED' = 'ERR_DAEMON_UNVERIFIED'
  /** The PID that the pidfile names, where it names one. */
  declare readonly pid?: number
  /** Why there is no proof. */
  declare readonly reason: string

  constructor(message: string, extras: ErrorExtras<{ pid: number }, { reason: string }>) {
    super(message, extras)
  }
}

/** An option or argument is unknown, of the wrong type, out of range or contradicts another. Nothing has happened. */
export class InvalidOptionError extends DaemonError {
  override readonly code: 'ERR_DAEMON_INVALID_OPTION' = 'ERR_DAEMON_INVALID_OPTION'
  /** The name of the option. */
  declare readonly option: string
  /** The given value; absent when there was none. */
  declare readonly value?: unknown

  constructor(message: string, extras: ErrorExtras<{ value: unknown }, { option: string }>) {
    super(message, extras)
  }
}

/** The system does not let this user do it (a user stops root's daemon). */
export class PermissionDeniedError extends DaemonError {
  override readonly code: 'ERR_DAEMON_PERMISSION_DENIED' = 'ERR_DAEMON_PERMISSION_DENIED'
  /** The PID of the daemon. */
  declare readonly pid?: number
  /** The system call that was refused. */
  declare readonly syscall?: string

  constructor(message: string, extras: ErrorExtras<{ pid: number; syscall: string }> = {}) {
    super(message, extras)
  }
}

/** This platform or this situation has no such feature. */
export class UnsupportedError extends DaemonError {
  override readonly code: 'ERR_DAEMON_UNSUPPORTED' = 'ERR_DAEMON_UNSUPPORTED'
  /** The platform, as `process.platform` names it. */
  declare readonly platform: string
  /** The feature that is missing. */
  declare readonly feature: string

  constructor(message: string, extras: ErrorExtras<{ platform: string }, { feature: string }>) {
    const known = { ...extras, platform: extras?.platform ?? process.platform }
    super(message, known)
  }
}

/** Another `upgrade()` of the daemon is under way. */
export class UpgradeInProgressError extends DaemonError {
  override readonly code: 'ERR_DAEMON_UPGRADE_IN_PROGRESS' = 'ERR_DAEMON_UPGRADE_IN_PROGRESS'
}

// Literal names, because a minifier changes those of the classes; on the prototypes, as with Error itself, so
// that the first line of the stack has them too.
for (const [name, type] of Object.entries({
  DaemonError,
  AlreadyRunningError,
  NotRunningError,
  StartFailedError,
  ReadyTimeoutError,
  StopTimeoutError,
  PidFileError,
  UnverifiedError,
  InvalidOptionError,
  PermissionDeniedError,
  UnsupportedError,
  UpgradeInProgressError,
})) {
  Object.defineProperty(type.prototype, 'name', { value: name, writable: true, configurable: true })
}
