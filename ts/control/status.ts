/** The state of a daemon, as the verbs give it. */

import { setTimeout as delay } from 'node:timers/promises'
import { raise } from '../binding/errors.js'
import { type NativeExit, type NativeStatus, native } from '../binding/native.js'
import { signalName } from '../options/signal-names.js'
import type { SignalName } from '../types/signals.js'
import type { ExitInfo, Running, Status, Unverified } from '../types/status.js'

/** A launch in progress and a dying daemon look unverified for a moment. */
const LOOKS = 6
const BETWEEN_LOOKS = 5

/** One look. */
export function look(pidFile: string): NativeStatus {
  const found = native().status(pidFile)
  if (found.error !== undefined) raise(found.error, pidFile)
  return found
}

/** What a look has found, for users. */
export function toStatus(found: NativeStatus, pidFile: string): Status {
  const { pid, startedAt, uptime, memory, cpu } = found
  if (found.state === 'running' && pid !== undefined) {
    const running: Running = { state: 'running', pid, pidFile }
    if (found.starting === true) running.starting = true
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

/** How a process has ended, for users; `code` where the kernel does not tell and somebody else has. */
export function exitInfo(status: NativeExit | null | undefined, code?: number): ExitInfo {
  if (status === null || status === undefined) return code === undefined ? {} : { code }
  if (status.signal !== undefined) return { signal: signalName(status.signal) as SignalName }
  return status.code === undefined ? {} : { code: status.code }
}

/** The state, looked at again where it is about to change. */
export async function status(pidFile: string): Promise<Status> {
  for (let looks = 1; ; looks++) {
    const found = look(pidFile)
    if (found.transient !== true || looks === LOOKS) return toStatus(found, pidFile)
    await delay(BETWEEN_LOOKS)
  }
}
