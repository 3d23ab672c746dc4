/** Exit codes: those of the Linux Standard Base for init scripts, as far as it has them. */

import type { DaemonErrorCode } from '../index.js'
import type { Status } from '../types/status.js'

export const OK = 0
export const FAILED = 1
export const USAGE = 2
const NO_RIGHTS = 4
const NOT_RUNNING = 7
/** How shells report a program that SIGINT has ended. */
export const INTERRUPTED = 130

const STATUS = { dead: 1, stopped: 3, unknown: 4 } as const

/** The exit code of the verb `status`. */
export function statusCode(status: Status): number {
  if (status.state === 'running') return OK
  if (status.state === 'unverified') return STATUS.unknown
  return status.stale ? STATUS.dead : STATUS.stopped
}

const BY_ERROR: Readonly<Partial<Record<DaemonErrorCode, number>>> = {
  ERR_DAEMON_INVALID_OPTION: USAGE,
  ERR_DAEMON_NOT_RUNNING: NOT_RUNNING,
  ERR_DAEMON_PERMISSION_DENIED: NO_RIGHTS,
}

/** Verbs that do not exit with 4, which would be about a running daemon: a start without permission has failed. */
const STARTS = ['start', 'restart', 'run']

/**
 * The exit code of a failed verb. An error without a code is none of the package. A failed `status` exits with 4,
 * because its 1 means a crash.
 */
export function failureCode(code: DaemonErrorCode | undefined, verb: string | undefined): number {
  if (verb === 'status' && code !== 'ERR_DAEMON_INVALID_OPTION') return STATUS.unknown
  const known = (code === undefined ? undefined : BY_ERROR[code]) ?? FAILED
  return known === NO_RIGHTS && verb !== undefined && STARTS.includes(verb) ? FAILED : known
}
