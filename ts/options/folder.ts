/** The default folders, which are made. */

import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

/**
 * Makes a folder where it is missing, and its parents, with that mode whatever the umask. What exists already is left
 * as it is.
 *
 * Step by step, because a recursive mkdir takes the umask off the parents' modes, and a chmod cannot follow it there.
 */
export function makeFolder(folder: string, mode: number, withParents = true): void {
  try {
    mkdirSync(folder, mode)
  } catch (error) {
    if (!isSystemError(error)) throw error
    // If it is not a folder, opening what is to be in it says so.
    if (error.code === 'EEXIST') return
    const parent = dirname(folder)
    if (error.code !== 'ENOENT' || !withParents || parent === folder) throw error
    makeFolder(parent, mode)
    // Once: below a dangling link it is missing for ever.
    makeFolder(folder, mode, false)
    return
  }
  chmodSync(folder, mode)
}
