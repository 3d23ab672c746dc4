/** The state of a daemon, as the verbs give it. Runs in any process. */

import { existsSync } from 'node:fs'
import { ifPermitted } from '../binding/denied.js'
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

/** One look at the state; undefined if the look fails. */
export function presentStatus(pidFile: string): Status | undefined {
  const found = native().status(pidFile)
  return 'code' in found ? undefined : toStatus(found, pidFile)
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
  const status = presentStatus(pidFile)
  return status?.state === 'running' ? status : { state: 'running', pid: process.pid, pidFile }
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
  const found = native().status(pidFile)
  if ('code' in found) raise(found, pidFile)
  const lasting = found.transient === true ? await lastingStatus(pidFile) : found
  return toStatus(lasting ?? found, pidFile)
}

/** Whether there may be a keeper: the socket by which it is asked is beside the pidfile. */
export function mayHaveKeeper(pidFile: string): boolean {
  const path = `${pidFile.replace(/\.pid$/, '')}.ctl`
  return ifPermitted(() => existsSync(path), false)
}
