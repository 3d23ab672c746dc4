/** Waits for launches, channels and processes. While there are any, they keep the event loop alive, as a child does. */

import { toError } from './errors.js'
import {
  type LaunchedDaemon,
  type NativeEvent,
  type NativeOccupation,
  type NativePlan,
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
  return { waits: new (native().Waits)((event) => listeners.get(event.wait)?.(event)), listeners }
}

function end(pool: Pool, id: number): void {
  pool.waits.cancel(id)
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
    abort: () => pool.waits.abortLaunch(id),
    take: () => pool.waits.takeLaunched(id),
    end: () => end(pool, id),
  }
}

/**
 * Makes this process the daemon of a pidfile; resolves when it is. Ends with the reason when `signal` aborts before.
 */
export function occupy(occupation: NativeOccupation, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const { id, pool } = add(
      (waits) => waits.occupy(occupation),
      ({ error }) => {
        signal?.removeEventListener('abort', onAbort)
        end(pool, id)
        if (error === undefined) resolve()
        else reject(signal?.aborted === true ? signal.reason : toError(error, occupation.pidFile))
      },
    )
    // The thread decides what came first: a process that is the daemon by now stays it.
    const onAbort = (): void => pool.waits.abortLaunch(id)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * Whether the process has ended within `timeout` milliseconds. Rejects with the reason when `signal` aborts, and at
 * once when its end cannot be seen.
 */
export function exited(process: ProcessHandle, timeout: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const watch = (waits: Waits): number => {
      const begun = waits.exit(process)
      if (typeof begun !== 'number') throw toError(begun)
      return begun
    }
    const { id, pool } = add(watch, () => finish(() => resolve(true)))
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
 * Ends what is left of a launch that has failed, the daemon's process group: SIGTERM, then SIGKILL after `grace`
 * milliseconds. Gives the PIDs of those who could not be ended.
 */
export function endGroup(launched: LaunchedDaemon, grace: number): Promise<readonly number[]> {
  return new Promise((resolve) => {
    const { id, pool } = add(
      (waits) => waits.endGroup(launched, grace),
      // Where there was no thread to wait on, it goes on elsewhere.
      ({ left = [] }) => {
        end(pool, id)
        resolve(left)
      },
    )
  })
}

/** Removes what a daemon that is gone left, by the pidfile's protocol. Rejects when somebody holds the file. */
export function removeLeftover(pidFile: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { id, pool } = add(
      (waits) => waits.removeLeftover(pidFile),
      (event) => {
        end(pool, id)
        if (event.error === undefined) resolve()
        else reject(toError(event.error, pidFile))
      },
    )
  })
}
