/** Signals to a proven daemon, and the wait for its end. */

import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { ifPermitted } from '../binding/denied.js'
import { raise, toError } from '../binding/errors.js'
import { type NativeError, type NativeStatus, native, type ProcessHandle } from '../binding/native.js'
import { exited, removeLeftover } from '../binding/waits.js'
import { NotRunningError, StopTimeoutError } from '../errors.js'
import type { StopSettings } from '../options/index.js'
import type { Stopped, StopResult } from '../types/status.js'
import { look } from './status.js'

/** A launch in progress, or a dying daemon, holds the lock without proof for a moment. */
const PROOF_PATIENCE = 1_000
/** Children of the daemon between fork and exec hold the lock for a moment after its end. */
const LOCK_PATIENCE = 1_000
const BETWEEN_LOOKS = 5

/**
 * The daemon that provably holds the pidfile; undefined when nobody holds it.
 *
 * @throws UnverifiedError when it is held without proof, PermissionDeniedError, PidFileError
 */
export async function findHolder(pidFile: string, signal?: AbortSignal): Promise<ProcessHandle | undefined> {
  const found = await proven(pidFile, signal, () => native().holder(pidFile))
  if (!('code' in found)) return found
  if (found.code === 'ERR_DAEMON_NOT_RUNNING') return undefined
  raise(found, pidFile)
}

/**
 * Sends a signal to the daemon of that pidfile; to one that is being started, and would be ended by it, as soon as its
 * handlers are in place. For these it waits `patience` milliseconds at most.
 *
 * @throws NotRunningError, UnverifiedError, PermissionDeniedError, PidFileError
 */
export async function signalHolder(
  pidFile: string,
  number: number,
  patience: number,
  signal?: AbortSignal,
): Promise<void> {
  const until = performance.now() + patience
  for (;;) {
    const answer = await proven(pidFile, signal, () => native().signalHolder(pidFile, number))
    if ('code' in answer) {
      if (answer.code !== 'ERR_DAEMON_NOT_RUNNING') raise(answer, pidFile)
      throw new NotRunningError(`No daemon holds ${pidFile}. Start it first.`, { pidFile })
    }
    if (answer.sent) return
    if (performance.now() >= until) {
      const message = `The daemon of ${pidFile} is only being started, and has no handlers for signals yet. Try again.`
      throw new NotRunningError(message, { pidFile })
    }
    await delay(BETWEEN_LOOKS)
  }
}

/**
 * Whether it is unproven now, too, and will be. What has been proven meanwhile, or left, is worth asking about again.
 */
function lasts({ state, transient }: NativeStatus): boolean {
  return state === 'unverified' && transient !== true
}

/** Asks again as long as the lack of proof may pass; gives the last answer. */
async function proven<T extends object>(
  pidFile: string,
  signal: AbortSignal | undefined,
  ask: () => T | NativeError,
): Promise<T | NativeError> {
  const until = performance.now() + PROOF_PATIENCE
  for (;;) {
    signal?.throwIfAborted()
    const answer = ask()
    const unproven = 'code' in answer && answer.code === 'ERR_DAEMON_UNVERIFIED'
    if (!unproven || performance.now() >= until || lasts(look(pidFile))) return answer
    await delay(BETWEEN_LOOKS)
  }
}

/** Stops the daemon of that pidfile; it is no error when there is none. */
export async function stop(pidFile: string, settings: StopSettings): Promise<StopResult> {
  settings.signal?.throwIfAborted()
  const holder = await findHolder(pidFile, settings.signal)
  if (holder === undefined) return { ...stopped(pidFile), wasRunning: false, forced: false }
  const forced = await endProcess(holder, settings, pidFile).finally(() => holder.release())
  await lockIsFree(pidFile, holder.pid)
  // Its text is a dead PID now, or it could not unlink the file any more, as another user or below another root. If
  // somebody has locked the file since, it is theirs.
  if (forced || ifPermitted(() => existsSync(pidFile), true)) await removeLeftover(pidFile).catch(() => {})
  return { ...stopped(pidFile), wasRunning: true, forced }
}

function stopped(pidFile: string): Stopped {
  return { state: 'stopped', pidFile, stale: look(pidFile).stale === true }
}

/** Signal, wait, and kill when time is up: true when it had to be killed. */
export async function endProcess(
  process: ProcessHandle,
  { stopSignal, stopTimeout, forceKill, stopGroup, signal }: StopSettings,
  pidFile?: string,
): Promise<boolean> {
  const over = new AbortController()
  const ended = exited(process, stopTimeout, AbortSignal.any([over.signal, ...(signal ? [signal] : [])]))
  // Whose end cannot be seen is sent nothing: whoever restarts it would leave it at that.
  await Promise.race([ended, undefined])
  const failure = process.signalAndContinue(stopSignal, stopGroup)
  if (failure !== null) {
    const error = toError(failure, pidFile)
    // It may have ended between the proof and the signal.
    if (!(error instanceof NotRunningError)) {
      over.abort()
      await ended.catch(() => {})
      throw error
    }
  }
  if (await ended) return false
  const { pid } = process
  const after = `Process ${pid} has not ended within ${stopTimeout} ms`
  if (!forceKill) {
    const message = `${after} and goes on running, since it is not to be killed.`
    const cure = 'Give it more time, or let it be killed.'
    throw new StopTimeoutError(`${message} ${cure}`, { pidFile, pid, timeout: stopTimeout })
  }
  if (stopGroup) process.signalGroup(constants.signals.SIGKILL)
  else process.signal(constants.signals.SIGKILL)
  if (await exited(process, Math.max(stopTimeout, LOCK_PATIENCE), signal)) return true
  const message = `${after}, nor of SIGKILL: it waits in the kernel, for a disk or a network file system`
  throw new StopTimeoutError(message, { pidFile, pid, timeout: stopTimeout })
}

/** The lock must be free before a restart: a start that comes too early would meet it. */
async function lockIsFree(pidFile: string, pid: number): Promise<void> {
  const until = performance.now() + LOCK_PATIENCE
  for (;;) {
    const found = look(pidFile)
    const successor = found.state === 'running' && found.pid !== pid
    if (found.state === 'stopped' || successor) return
    if (performance.now() >= until) raise(native().lockLeaked(pidFile), pidFile)
    await delay(BETWEEN_LOOKS)
  }
}
