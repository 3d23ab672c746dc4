/**
 * Tells errors apart from other values that may be thrown, also errors of another realm: in a test of Jest's, and in
 * any other context of `node:vm`, Node's own errors are of another realm. Runs in both processes. It is loaded before
 * a script.
 */

import { types } from 'node:util'

/** Whether it is an error, of whichever realm. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}

/** Whether it is Node's error of a failed system call. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return isError(error) && 'syscall' in error
}

/** Whether it is an error with that code. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return isError(error) && 'code' in error && codes.some((code) => error.code === code)
}
