/**
 * Signals and stops a proven daemon. The core does all slow work, on threads of its own. Runs in any process.
 */

import { raise } from '../binding/errors.js'
import { type NativeStopOptions, native, type ProcessHandle } from '../binding/native.js'
import { processEnded, provenHolder, signalled, stopped } from '../binding/waits.js'
import { NotRunningError } from '../errors.js'
import type { StopSettings } from '../options/settings.js'
import type { Logger } from '../types/options.js'
import type { StopResult } from '../types/status.js'

/**
 * The daemon that provably holds the pidfile; undefined when no process holds it. If proof is missing but may come,
 * this waits a second for it.
 *
 * @throws UnverifiedError when it is held without proof, PermissionDeniedError, PidFileError; the reason of `signal`
 */
export async function findHolder(pidFile: string, signal?: AbortSignal): Promise<ProcessHandle | undefined> {
  signal?.throwIfAborted()
  const found = native().holder(pidFile)
  if (!('code' in found)) return found
  if (found.code === 'ERR_DAEMON_NOT_RUNNING') return undefined
  if (found.code !== 'ERR_DAEMON_UNVERIFIED') raise(found, pidFile)
  try {
    return await provenHolder(pidFile, signal)
  } catch (error) {
    if (error instanceof NotRunningError) return undefined
    throw error
  }
}

/**
 * Sends a signal to the daemon of that pidfile. If the daemon is being started and the signal would end it, waits for
 * its handlers first, `patience` milliseconds at most.
 *
 * @throws NotRunningError, UnverifiedError, PermissionDeniedError, PidFileError; the reason of `signal`
 */
export async function signalHolder(
  pidFile: string,
  number: number,
  patience: number,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted()
  // One look needs no thread, and is nearly always enough.
  const answer = native().signalHolder(pidFile, number)
  if (answer === 'sent') return
  if (answer !== 'deaf' && answer.code !== 'ERR_DAEMON_UNVERIFIED') raise(answer, pidFile)
  await signalled(pidFile, number, patience, signal)
}

/**
 * Stops the daemon of that pidfile; it is no error when there is none. When `settings.signal` aborts, no signal is sent
 * any more.
 *
 * @throws StopTimeoutError, UnverifiedError, PermissionDeniedError, PidFileError; the reason of `settings.signal`
 */
export async function stop(pidFile: string, settings: StopSettings): Promise<StopResult> {
  const { signal } = settings
  signal?.throwIfAborted()
  // Look in the call itself, so that a daemon that ends a moment later counts as running.
  const found = native().holder(pidFile)
  const holder = 'code' in found ? undefined : found
  if ('code' in found && found.code !== 'ERR_DAEMON_UNVERIFIED') {
    if (found.code !== 'ERR_DAEMON_NOT_RUNNING') raise(found, pidFile)
    return { state: 'stopped', pidFile, stale: isStale(pidFile), wasRunning: false, forced: false }
  }
  try {
    // An abort before the end of this turn comes before the first signal.
    await undefined
    const { wasRunning, forced, stale } = await stopped(pidFile, holder, nativeOptions(settings), signal)
    return { state: 'stopped', pidFile, stale, wasRunning, forced }
  } finally {
    holder?.release()
  }
}

/** Stops as `stop()` does, and tells the logger. */
export async function stopLogged(
  pidFile: string,
  settings: StopSettings,
  logger: Logger | undefined,
): Promise<StopResult> {
  logger?.debug(`stopping the daemon of ${pidFile}`)
  const result = await stop(pidFile, settings)
  const how = result.forced ? 'killed: it did not stop in time' : 'stopped'
  if (result.wasRunning) logger?.[result.forced ? 'warn' : 'info'](how)
  return result
}

/**
 * Stops the daemon that `holder` proves, and no other one of that pidfile.
 *
 * @param displace - whether it makes way for another version, and lets its open connections end first
 * @throws StopTimeoutError, PermissionDeniedError
 */
export async function stopHolder(
  pidFile: string,
  holder: ProcessHandle,
  settings: StopSettings,
  displace = false,
): Promise<void> {
  await stopped(pidFile, holder, { ...nativeOptions(settings), displace }, settings.signal)
}

function isStale(pidFile: string): boolean {
  const found = native().status(pidFile)
  if ('code' in found) raise(found, pidFile)
  return found.stale === true
}

/**
 * Ends a process as a stop does.
 *
 * @throws StopTimeoutError, UnverifiedError, PermissionDeniedError
 */
export async function endProcess(process: ProcessHandle, settings: StopSettings): Promise<void> {
  await processEnded(process, nativeOptions(settings))
}

function nativeOptions({ stopSignal, stopTimeout, forceKill, stopGroup }: StopSettings): NativeStopOptions {
  return { signal: stopSignal, timeout: stopTimeout, kill: forceKill, group: stopGroup, displace: false }
}
