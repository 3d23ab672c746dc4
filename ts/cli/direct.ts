/** Writes without a stream of Node's, which takes a short command longer to make than all that it prints. */

import { fstatSync, writeSync } from 'node:fs'
import { hasCode } from '../binding/node-errors.js'

/** Whether a descriptor is a file, a pipe, or the socket that Node.js gives its children as a pipe; no terminal. */
export function isFileOrPipe(fd: number): boolean {
  try {
    const found = fstatSync(fd)
    return found.isFile() || found.isFIFO() || found.isSocket()
  } catch {
    return false
  }
}

/**
 * Writes what the system takes now, and gives the rest of the bytes.
 *
 * @throws the system's error, such as EPIPE or ENOSPC
 */
export function writeNow(fd: number, bytes: Buffer): Buffer {
  let rest = bytes
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      // A pipe that does not wait is full.
      if (hasCode(error, 'EAGAIN')) return rest
      throw error
    }
  }
  return rest
}
