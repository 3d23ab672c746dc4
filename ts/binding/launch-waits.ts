/**
 * Waits for launches, their channels and their connections, and for this process to become a daemon. Runs in the
 * launcher, in the process that becomes the daemon, and in the helper of a restart.
 */

import { never } from '../never.js'
import type {
  LaunchedDaemon,
  NativeAttempt,
  NativeClientPlan,
  NativeConnection,
  NativeForegroundPlan,
  NativePlan,
  Waits,
} from './native.js'
import { beginWait, endWait, type Listener, oneEvent, told } from './waits.js'

/** A launch under way, then the channel of its daemon. */
export interface LaunchWait {
  /** Ends the wait for the lock; the listener hears `failed`, or `launched` when that came first. */
  abort(): void
  /** After the event `launched`. */
  take(): LaunchedDaemon | null
  /** Closes the channel. A daemon that is not ready ends itself then. */
  end(): void
}

/** Begins a launch. The first event is `launched` or `failed`. */
export function launch(plan: NativePlan, payload: Buffer, listener: Listener): LaunchWait {
  const { id, pool } = beginWait((waits) => waits.launch(plan, payload), listener)
  return {
    abort: () => pool.waits.cancelLock(id),
    take: () => pool.waits.takeLaunched(id),
    end: () => endWait(pool, id),
  }
}

/**
 * Makes this process the daemon of a pidfile; resolves when it is. Ends with the reason when `signal` aborts before.
 */
export async function becomeDaemon(plan: NativeForegroundPlan, signal?: AbortSignal): Promise<void> {
  let onAbort = (): void => {}
  const begin = (waits: Waits): number => {
    const id = waits.becomeDaemon(plan)
    // The waiting thread decides which came first: a process that has become the daemon stays the daemon.
    onAbort = () => waits.cancelLock(id)
    return id
  }
  try {
    const done = oneEvent(begin, plan.pidFile)
    signal?.addEventListener('abort', onAbort, { once: true })
    await done
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/**
 * Executes the plan's keeper in the place of this process; rejects when that fails, and never settles otherwise.
 *
 * @param sockets - those of the supervisor, by their names
 * @param address - where it wants to hear from its service
 */
export async function executeKeeper(
  plan: NativePlan,
  payload: Buffer,
  sockets: Readonly<Record<string, number>>,
  address: string | undefined,
  signal: AbortSignal | undefined,
): Promise<never> {
  let onAbort = (): void => {}
  const begin = (waits: Waits): number => {
    const id = waits.executeKeeper(plan, payload, { ...sockets }, address)
    onAbort = () => waits.cancelLock(id)
    return id
  }
  try {
    const failed = oneEvent(begin, plan.pidFile)
    signal?.addEventListener('abort', onAbort, { once: true })
    await failed
    return await never
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/**
 * Ends the daemon's process group, which is left of a failed launch: SIGTERM, then SIGKILL after `grace` milliseconds.
 * Gives the PIDs of the processes that could not be ended.
 */
export async function endGroup(launched: LaunchedDaemon, grace: number): Promise<readonly number[]> {
  try {
    const { left = [] } = await oneEvent((waits) => waits.endGroup(launched, grace), undefined)
    return left
  } catch {
    // Without a thread to wait on, the call itself has killed them.
    return []
  }
}

/**
 * Removes the pidfile that an ended daemon has left, and the file of its socket, by the protocol. Rejects when a
 * process holds the pidfile.
 */
export async function removeLeftover(pidFile: string, launched: LaunchedDaemon): Promise<void> {
  await oneEvent((waits) => waits.removeLeftover(pidFile, launched), pidFile)
}

/** How an attempt to connect has ended, and the connection that it has made. */
export interface Attempted {
  readonly attempt: NativeAttempt
  readonly connection: NativeConnection | undefined
}

/** Connects to a daemon's socket, and waits for its hello. */
export async function attempted(plan: NativeClientPlan, signal?: AbortSignal): Promise<Attempted> {
  const { attempt, connection } = await oneEvent((waits) => waits.attempt(plan), plan.pidFile, signal)
  return { attempt: told(attempt), connection }
}

/** Waits for the hello on the connection that a launch has made. */
export async function greeted(
  plan: NativeClientPlan,
  launched: LaunchedDaemon,
  signal?: AbortSignal,
): Promise<Attempted> {
  const { attempt, connection } = await oneEvent((waits) => waits.greet(plan, launched), plan.pidFile, signal)
  return { attempt: told(attempt), connection }
}
