/** The end of a daemon's log, for its errors. Runs in the launcher, and in the helper that restarts a daemon. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { LaunchedDaemon } from '../binding/native.js'
import { IS_WINDOWS } from '../binding/platform.js'
import { shownLines } from './last-word.js'

/** How many bytes of the log's end are read. */
const LOG_BYTES = 8_192

/** Whole lines from the end of what the daemon has written. */
export function logTail(launched: LaunchedDaemon): string | undefined {
  const bytes = launched.log(LOG_BYTES)
  return bytes === null ? undefined : lastLines(bytes)
}

function lastLines(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return undefined
  // Node.js itself writes its lines with a carriage return on Windows.
  const lines = bytes
    .toString()
    .trimEnd()
    .split(IS_WINDOWS ? /\r?\n/ : '\n')
  if (bytes.length < LOG_BYTES) return shownLines(lines).join('\n')
  // The first line has begun before these bytes. If there is no other, its end is shown, from a whole character on.
  const [first = '', ...others] = lines
  return others.length === 0 ? `…${first.replace(/^\ufffd+/, '')}` : shownLines(others).join('\n')
}

/** What a daemon that runs writes from a moment on. */
export interface LogSince {
  /** Whole lines from its end; undefined where there are none. */
  read(): string | undefined
  close(): void
}

/**
 * Follows what a process writes to its standard error from now on, where that is a file that this process may read.
 * Only Linux tells which file it is. A file that has been renamed since, as by a rotation, is read on.
 */
export function logSince(pid: number): LogSince | undefined {
  if (process.platform !== 'linux') return undefined
  let fd: number
  try {
    // O_NONBLOCK: the output may be a pipe that nobody writes to.
    fd = openSync(`/proc/${pid}/fd/2`, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  const { size: begin } = fstatSync(fd)
  return {
    read: () => {
      const stat = fstatSync(fd)
      if (!stat.isFile() || stat.size <= begin) return undefined
      const bytes = Buffer.alloc(Math.min(stat.size - begin, LOG_BYTES))
      const read = readSync(fd, bytes, 0, bytes.length, stat.size - bytes.length)
      return lastLines(bytes.subarray(0, read))
    },
    close: () => closeSync(fd),
  }
}
