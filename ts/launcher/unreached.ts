/** The errors of a client that has not reached the daemon. */

import { IS_WINDOWS } from '../binding/platform.js'
import { NotRunningError, ReadyTimeoutError, StartFailedError, UnverifiedError } from '../errors.js'
import type { Settings, SocketSettings } from '../options/settings.js'
import type { Running } from '../types/status.js'

/** The last of the daemons that a client has started and that have ended before they accepted it, and how many. */
export interface Ended {
  readonly pid: number
  readonly times: number
}

/** Where a client looks for the daemon. */
interface Target {
  readonly settings: Settings
  readonly socket: SocketSettings
}

/** A daemon that is not to be started. */
export function notRunning(pidFile: string, { path }: SocketSettings): NotRunningError {
  return new NotRunningError(`No daemon of ${pidFile} listens at ${path}. Start it first.`, { pidFile })
}

/** A daemon of another version, where the one of this client's is not to be started. */
export function ofOtherVersion({ pidFile, version }: Settings, other: string | null): NotRunningError {
  const found = other === null ? 'without a version' : `of version ${other}`
  const message = `The daemon of ${pidFile} runs ${found}, and none of version ${version}. Start that first.`
  return new NotRunningError(message, { pidFile })
}

/** A daemon whose start takes too long. */
export function notReady({ pidFile, readyTimeout }: Settings, pid: number): ReadyTimeoutError {
  const message = `The daemon of ${pidFile}, process ${pid}, is not ready after ${readyTimeout} ms. It goes on.`
  return new ReadyTimeoutError(message, { pidFile, pid, timeout: readyTimeout })
}

/** A daemon whose program has ended without a failure, and without a client. */
export function overAtOnce({ settings: { pidFile } }: Target, pid: number): StartFailedError {
  const message =
    `The daemon of ${pidFile}, process ${pid}, has ended before it accepted the connection: its program has ` +
    'nothing left to do. It needs a handler for connections (Daemon.current.onConnection).'
  return new StartFailedError(message, { pidFile, exitCode: 0 })
}

/** A daemon that is leaving, and does not end. */
export function staying({ pidFile, readyTimeout, stopTimeout }: Settings, pid: number): ReadyTimeoutError {
  const timeout = stopTimeout + readyTimeout
  const message = `The daemon of ${pidFile}, process ${pid}, is stopping, and has not ended after ${timeout} ms.`
  return new ReadyTimeoutError(message, { pidFile, pid, timeout })
}

/** A daemon, or else those that this client has started, for which it has waited in vain. */
export function overdue(
  target: Target,
  present: Running | undefined,
  ended?: Ended,
): ReadyTimeoutError | UnverifiedError {
  const isStarting = present?.starting === true
  if (ended !== undefined && (present === undefined || isStarting)) {
    return endedEachTime(target.settings, ended, present?.pid)
  }
  return isStarting ? notReady(target.settings, present.pid) : silent(target, present?.pid)
}

/** @param next - the PID of one more, which is not ready yet */
function endedEachTime(
  { pidFile, readyTimeout }: Settings,
  { pid, times }: Ended,
  next: number | undefined,
): ReadyTimeoutError {
  const often = times === 1 ? 'once' : `${times} times`
  const message =
    `The daemon of ${pidFile} has been started within ${readyTimeout} ms, ${often}, ` +
    'and has ended each time before it accepted the connection. Its log may say why.' +
    (next === undefined ? '' : ` Process ${next}, the next one, goes on.`)
  return new ReadyTimeoutError(message, { pidFile, pid: next ?? pid, timeout: readyTimeout })
}

/** A daemon that runs and does not accept. */
export function silent(
  { settings, socket }: Target,
  pid: number | undefined,
): ReadyTimeoutError | UnverifiedError {
  const { pidFile, readyTimeout } = settings
  const what = `has not accepted the connection to ${socket.path} within ${readyTimeout} ms`
  if (pid === undefined) {
    const reason = 'no process is proven to listen there'
    return new UnverifiedError(`The daemon of ${pidFile} ${what}: ${reason}.`, { pidFile, reason })
  }
  const message =
    `The daemon of ${pidFile}, process ${pid}, ${what}. It goes on: its event loop may be blocked, or it has no ` +
    'handler for connections (context.onConnection).'
  return new ReadyTimeoutError(message, { pidFile, pid, timeout: readyTimeout })
}

/** A daemon that runs, though not where this client looks. */
export function noSocket({ settings: { pidFile }, socket }: Target, { pid }: Running): UnverifiedError {
  const gone = IS_WINDOWS ? 'with another name' : 'with another path, or the file was removed'
  const message =
    `The daemon of ${pidFile} runs with PID ${pid}, but nobody listens at ${socket.path}: it was started without a ` +
    `socket or ${gone}. Stop it, and connect again.`
  return new UnverifiedError(message, { pidFile, pid, reason: 'no-socket' })
}
