/**
 * Waits for launches, channels and processes. While there are any, they keep the event loop alive, as a child does.
 * Runs in both processes.
 */

import { type DaemonError, UnverifiedError } from '../errors.js'
import { toError } from './errors.js'
import {
  type LaunchedDaemon,
  type NativeAttempt,
  type NativeClientPlan,
  type NativeConnection,
  type NativeError,
  type NativeEvent,
  type NativeForegroundPlan,
  type NativePlan,
  type NativeStatus,
  type NativeStopOptions,
  type NativeStopped,
  native,
  type ProcessHandle,
  type Waits,
} from './native.js'

type Listener = (event: NativeEvent) => void

/** The waits of one stretch of time in which there always was one: the native part closes with the last. */
interface Pool {
  readonly waits: Waits
  readonly listeners: Map<number, Listener>
}

let present: Pool | undefined

function add(begin: (waits: Waits) => number, listener: Listener): { id: number; pool: Pool } {
  present ??= open()
  const pool = present
  try {
    const id = begin(pool.waits)
    pool.listeners.set(id, listener)
    return { id, pool }
  } catch (error) {
    closeIfIdle(pool)
    throw error
  }
}

function open(): Pool {
  const listeners = new Map<number, Listener>()
  const hear = (event: NativeEvent): void => {
    const listener = listeners.get(event.wait)
    if (listener === undefined) {
      event.holder?.release()
      event.connection?.release()
    }
    listener?.(event)
  }
  return { waits: new (native().Waits)(hear), listeners }
}

function end(pool: Pool, id: number): void {
  pool.waits.giveUp(id)
  pool.listeners.delete(id)
  closeIfIdle(pool)
}

function closeIfIdle(pool: Pool): void {
  if (pool.listeners.size > 0) return
  pool.waits.close()
  if (present === pool) present = undefined
}

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
  const { id, pool } = add((waits) => waits.launch(plan, payload), listener)
  return {
    abort: () => pool.waits.cancelLock(id),
    take: () => pool.waits.takeLaunched(id),
    end: () => end(pool, id),
  }
}

/**
 * Begins a wait of one event, and gives that. It rejects with the error of an event that has one; when `signal` aborts,
 * with its reason, and gives the wait up.
 */
function one(
  begin: (waits: Waits) => number,
  pidFile: string | undefined,
  signal?: AbortSignal,
): Promise<NativeEvent> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const { id, pool } = add(begin, (event) => {
      finish()
      if (event.error === undefined) resolve(event)
      else reject(toError(event.error, pidFile))
    })
    const onAbort = (): void => {
      finish()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    function finish(): void {
      signal?.removeEventListener('abort', onAbort)
      end(pool, id)
    }
  })
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
    const done = one(begin, plan.pidFile)
    signal?.addEventListener('abort', onAbort, { once: true })
    await done
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/**
 * Whether the process has ended within `timeout` milliseconds. Rejects with the reason when `signal` aborts, and at
 * once when its end cannot be seen.
 */
export function exited(process: ProcessHandle, timeout: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const { id, pool } = add(
      (waits) => begun(waits.exit(process)),
      () => finish(() => resolve(true)),
    )
    const timer = Number.isFinite(timeout)
      ? setTimeout(() => finish(() => resolve(false)), timeout)
      : undefined
    const onAbort = (): void => finish(() => reject(signal?.reason))
    signal?.addEventListener('abort', onAbort, { once: true })
    function finish(settle: () => void): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      end(pool, id)
      settle()
    }
  })
}

/**
 * Ends the daemon's process group, which is left of a failed launch: SIGTERM, then SIGKILL after `grace` milliseconds.
 * Gives the PIDs of the processes that could not be ended.
 */
export async function endGroup(launched: LaunchedDaemon, grace: number): Promise<readonly number[]> {
  try {
    const { left = [] } = await one((waits) => waits.endGroup(launched, grace), undefined)
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
  await one((waits) => waits.removeLeftover(pidFile, launched), pidFile)
}

/** How an attempt to connect has ended, and the connection that it has made. */
export interface Attempted {
  readonly attempt: NativeAttempt
  readonly connection: NativeConnection | undefined
}

/** Connects to a daemon's socket, and waits for its hello. */
export async function attempted(plan: NativeClientPlan, signal?: AbortSignal): Promise<Attempted> {
  const { attempt, connection } = await one((waits) => waits.attempt(plan), plan.pidFile, signal)
  return { attempt: told(attempt), connection }
}

/** Waits for the hello on the connection that a launch has made. */
export async function greeted(
  plan: NativeClientPlan,
  launched: LaunchedDaemon,
  signal?: AbortSignal,
): Promise<Attempted> {
  const { attempt, connection } = await one((waits) => waits.greet(plan, launched), plan.pidFile, signal)
  return { attempt: told(attempt), connection }
}

/** A wait for connections at the daemon's own socket. */
export interface ListenerWait {
  /** Waits for the next one; gives why it cannot, if so: try again later. */
  again(): DaemonError | undefined
  end(): void
}

/** Calls `listener` when a connection waits at the daemon's own socket; once, until `again()`. */
export function awaitConnections(listener: () => void): ListenerWait {
  const { id, pool } = add((waits) => begun(waits.listener()), listener)
  return {
    again() {
      const failure = pool.waits.listenAgain(id)
      return failure === null ? undefined : toError(failure)
    },
    end: () => end(pool, id),
  }
}

/** The daemon that holds the pidfile, once it is proven: see `findHolder()`. */
export async function provenHolder(pidFile: string, signal?: AbortSignal): Promise<ProcessHandle> {
  const { holder } = await one((waits) => waits.holder(pidFile), pidFile, signal)
  return told(holder)
}

/** The state of a pidfile once it is no longer about to change; undefined if no thread can be had to wait on. */
export async function lastingStatus(pidFile: string): Promise<NativeStatus | undefined> {
  try {
    return (await one((waits) => waits.status(pidFile), pidFile)).status
  } catch (error) {
    if (error instanceof UnverifiedError) return undefined
    throw error
  }
}

/** The state of a pidfile once no start is under way, or after `patience` milliseconds. */
export async function serving(
  pidFile: string,
  patience: number,
  signal?: AbortSignal,
): Promise<NativeStatus> {
  const { status } = await one((waits) => waits.serving(pidFile, patience), pidFile, signal)
  return told(status)
}

/** Resolves when the signal has been sent: see `signalHolder()`. */
export async function signalled(
  pidFile: string,
  number: number,
  patience: number,
  signal?: AbortSignal,
): Promise<void> {
  await one((waits) => waits.signal(pidFile, number, patience), pidFile, signal)
}

/** Stops `holder`, or the process that is proven to hold the pidfile; resolves when it is gone. See `stop()`. */
export async function stopped(
  pidFile: string,
  holder: ProcessHandle | undefined,
  options: NativeStopOptions,
  signal?: AbortSignal,
): Promise<NativeStopped> {
  const begin = (waits: Waits): number =>
    holder === undefined ? waits.stop(pidFile, options) : begun(waits.stopHolder(pidFile, holder, options))
  const { stopped } = await one(begin, pidFile, signal)
  return told(stopped)
}

/** Resolves when the process is gone: see `endProcess()`. */
export async function processEnded(process: ProcessHandle, options: NativeStopOptions): Promise<void> {
  await one((waits) => begun(waits.endProcess(process, options)), undefined)
}

function begun(id: number | NativeError): number {
  if (typeof id !== 'number') throw toError(id)
  return id
}

/** A value that every event of this kind has, although its type does not say so. */
function told<T>(value: T | undefined): T {
  if (value === undefined)
    throw new TypeError('The native part of daimon has left out what it was asked for.')
  return value
}
