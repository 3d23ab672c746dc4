/** The state of a daemon, as the verbs give it. Runs in any process. */

import { raise } from '../binding/errors.js'
import { type NativeExit, type NativeStatus, native } from '../binding/native.js'
import { lastingStatus, serving } from '../binding/waits.js'
import { signalName } from '../options/signal-names.js'
import type { SignalName } from '../types/signals.js'
import type { ExitInfo, Running, Status, Unverified } from '../types/status.js'

/** The result of a look, for users. */
function toStatus(found: NativeStatus, pidFile: string): Status {
  const { pid, startedAt, uptime, memory, cpu } = found
  if (found.state === 'running' && pid !== undefined) {
    const running: Running = { state: 'running', pid, pidFile }
    if (found.starting === true) running.starting = true
    if (found.stopping === true) running.stopping = true
    if (startedAt !== undefined) running.startedAt = new Date(startedAt)
    if (uptime !== undefined) running.uptime = Math.round(uptime)
    if (memory !== undefined) running.memory = memory
    if (cpu !== undefined) running.cpu = cpu
    return running
  }
  if (found.state === 'stopped') return { state: 'stopped', pidFile, stale: found.stale === true }
  const unverified: Unverified = { state: 'unverified', pidFile, reason: found.reason ?? 'unknown' }
  if (pid !== undefined) unverified.pid = pid
  return unverified
}

/** The state, and whether there may be a keeper, which can tell of the daemon's bodies. */
export interface Look<T extends Status = Status> {
  readonly found: T
  readonly mayHaveKeeper: boolean
}

/** One look at the state; undefined if the look fails. */
export function presentStatus(pidFile: string): Status | undefined {
  return presentLook(pidFile)?.found
}

function presentLook(pidFile: string): Look | undefined {
  const seen = native().status(pidFile)
  return 'code' in seen ? undefined : toLook(seen, pidFile)
}

function toLook(seen: NativeStatus, pidFile: string): Look {
  return { found: toStatus(seen, pidFile), mayHaveKeeper: seen.kept === true }
}

/**
 * The state, once no start is under way, or after `patience` milliseconds.
 *
 * @throws PidFileError, UnverifiedError; the reason of `signal`
 */
export async function servingStatus(
  pidFile: string,
  patience: number,
  signal: AbortSignal | undefined,
): Promise<Status> {
  const present = await status(pidFile)
  if (present.state !== 'running' || present.starting !== true) return present
  return toStatus(await serving(pidFile, patience, signal), pidFile)
}

/** The state of the daemon that this process is. */
export function ownStatus(pidFile: string): Running {
  return ownLook(pidFile).found
}

/** The same, and whether there may be a keeper. */
export function ownLook(pidFile: string): Look<Running> {
  const look = presentLook(pidFile)
  const { found = undefined, mayHaveKeeper = false } = look ?? {}
  if (found?.state === 'running') return { found, mayHaveKeeper }
  return { found: { state: 'running', pid: process.pid, pidFile }, mayHaveKeeper }
}

/** How a process has ended, for users. `code` is the daemon's own report, in case the kernel does not tell. */
export function exitInfo(status: NativeExit | null | undefined, code?: number): ExitInfo {
  if (status === null || status === undefined) return code === undefined ? {} : { code }
  if (status.signal !== undefined) return { signal: signalName(status.signal) as SignalName }
  return status.code === undefined ? {} : { code: status.code }
}

/**
 * The state. If it is about to change, because a launch is under way or a daemon is ending, looks again for 25 ms at
 * most.
 *
 * @throws PidFileError
 */
export async function status(pidFile: string): Promise<Status> {
  return (await lookAt(pidFile)).found
}

/**
 * The same, and whether there may be a keeper.
 *
 * @throws PidFileError
 */
export async function lookAt(pidFile: string): Promise<Look> {
  const seen = native().status(pidFile)
  if ('code' in seen) raise(seen, pidFile)
  const lasting = seen.transient === true ? await lastingStatus(pidFile) : seen
  return toLook(lasting ?? seen, pidFile)
}
