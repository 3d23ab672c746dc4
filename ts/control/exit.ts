/** Waits for the end of a daemon. Runs in any process. */

import { exited } from '../binding/waits.js'
import { LONGEST_TIMER } from '../timer.js'
import type { ExitInfo } from '../types/status.js'
import { exitInfo } from './status.js'
import { findHolder } from './stop.js'

/**
 * How the present instance ends; resolves at once, to nothing, if there is none.
 *
 * @throws UnverifiedError, PidFileError, PermissionDeniedError; the reason of `signal`
 */
export async function exitOf(pidFile: string, signal: AbortSignal | undefined): Promise<ExitInfo> {
  const holder = await findHolder(pidFile, signal)
  if (holder === undefined) return {}
  const ended = await exited(holder, Number.POSITIVE_INFINITY, signal)
    .then(() => holder.exitStatus())
    .finally(() => holder.release())
  return exitInfo(ended)
}

/**
 * Whether the present instance ends within `timeout` milliseconds; true at once if there is none.
 *
 * @throws as `exitOf()`
 */
export async function isGone(
  pidFile: string,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const holder = await findHolder(pidFile, signal)
  if (holder === undefined) return true
  try {
    return await exited(holder, Math.min(timeout, LONGEST_TIMER), signal)
  } finally {
    holder.release()
  }
}
