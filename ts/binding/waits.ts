/**
 * Waits for processes and pidfiles, and what all waits stand on. While there are any, they keep the event loop alive,
 * as a child does. Runs in both processes.
 */

import { UnverifiedError } from '../errors.js'
import { toError } from './errors.js'
import {
  type NativeError,
  type NativeEvent,
  type NativeStatus,
  type NativeStopOptions,
  type NativeStopped,
  native,
  type ProcessHandle,
  type Waits,
} from './native.js'

/** Hears the events of a wait. */
export type Listener = (event: NativeEvent) => void

/** The waits of one stretch of time in which there always was one: the native part closes with the last. */
export interface Pool {
  readonly waits: Waits
  readonly listeners: Map<number, Listener>
}

let present: Pool | undefined

/** Begins a wait, and gives its number. The caller ends it. */
export function beginWait(begin: (waits: Waits) => number, listener: Listener): { id: number; pool: Pool } {
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

/** Ends a wait: its listener hears no more. */
export function endWait(pool: Pool, id: number): void {
  pool.waits.giveUp(id)
  pool.listeners.delete(id)
  closeIfIdle(pool)
}

function closeIfIdle(pool: Pool): void {
  if (pool.listeners.size > 0) return
  pool.waits.close()
  if (present === pool) present = undefined
}

/**
 * Begins a wait of one event, and gives that. It rejects with the error of an event that has one; when `signal` aborts,
 * with its reason, and gives the wait up.
 */
export function oneEvent(
  begin: (waits: Waits) => number,
  pidFile: string | undefined,
  signal?: AbortSignal,
): Promise<NativeEvent> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const { id, pool } = beginWait(begin, (event) => {
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
      endWait(pool, id)
    }
  })
}

/**
 * Whether the process has ended within `timeout` milliseconds. Rejects with the reason when `signal` aborts, and at
 * once when its end cannot be seen.
 */
export function exited(process: ProcessHandle, timeout: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const { id, pool } = beginWait(
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
      endWait(pool, id)
      settle()
    }
  })
}

/** The daemon that holds the pidfile, once it is proven: see `findHolder()`. */
export async function provenHolder(pidFile: string, signal?: AbortSignal): Promise<ProcessHandle> {
  const { holder } = await oneEvent((waits) => waits.holder(pidFile), pidFile, signal)
  return told(holder)
}

/** The state of a pidfile once it is no longer about to change; undefined if no thread can be had to wait on. */
export async function lastingStatus(pidFile: string): Promise<NativeStatus | undefined> {
  try {
    return (await oneEvent((waits) => waits.status(pidFile), pidFile)).status
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
  const { status } = await oneEvent((waits) => waits.serving(pidFile, patience), pidFile, signal)
  return told(status)
}

/** Resolves when the signal has been sent: see `signalHolder()`. */
export async function signalled(
  pidFile: string,
  number: number,
  patience: number,
  signal?: AbortSignal,
): Promise<void> {
  await oneEvent((waits) => waits.signal(pidFile, number, patience), pidFile, signal)
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
  const { stopped } = await oneEvent(begin, pidFile, signal)
  return told(stopped)
}

/** Resolves when the process is gone: see `endProcess()`. */
export async function processEnded(process: ProcessHandle, options: NativeStopOptions): Promise<void> {
  await oneEvent((waits) => begun(waits.endProcess(process, options)), undefined)
}

/** The number of a wait that has begun. @throws DaemonError that says why it has not */
export function begun(id: number | NativeError): number {
  if (typeof id !== 'number') throw toError(id)
  return id
}

/** A value that every event of this kind has, although its type does not say so. */
export function told<T>(value: T | undefined): T {
  if (value === undefined)
    throw new TypeError('The native part of daimon has left out what it was asked for.')
  return value
}
