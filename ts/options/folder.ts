/**
 * Makes folders, and checks folders that would be made. Runs in the launcher, in the process that becomes the daemon,
 * in a daemon that restarts itself, and in the command.
 */

import { accessSync, chmodSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isDenied } from '../binding/denied.js'
import { raise } from '../binding/errors.js'
import { native } from '../binding/native.js'
import { isSystemError } from '../binding/node-errors.js'
import { type FolderModes, isOfMachine, modesOf } from './places.js'

/**
 * Makes a folder and its parents, if they are missing, with exactly these modes. Folders that exist stay as they are.
 *
 * Step by step, because a recursive mkdir takes the umask off the parents' modes, and a chmod cannot follow it there.
 */
export function makeFolder(folder: string, { mode, parents }: FolderModes, withParents = true): void {
  try {
    mkdirSync(folder, mode)
  } catch (error) {
    // If Node.js does not permit mkdir, the error does not tell whether the folder exists.
    if (isDenied(error) && isFolder(folder)) return
    if (!isSystemError(error)) throw error
    // If it is not a folder, opening a file in it will fail.
    if (error.code === 'EEXIST') return
    const parent = dirname(folder)
    if (error.code !== 'ENOENT' || !withParents || parent === folder) throw error
    makeFolder(parent, { mode: parents, parents })
    // Once: below a dangling link it is missing for ever.
    makeFolder(folder, { mode, parents }, false)
    return
  }
  chmodSync(folder, mode)
}

/**
 * Makes a default folder of pidfiles or logs with its rights.
 *
 * @throws the system's error, or Node's; DaemonError for Windows' folder of the machine
 */
export function makeDefault(folder: string, pidFile: string): void {
  if (isOfMachine(folder)) {
    const failure = native().makeMachineFolder(folder)
    if (failure !== null) raise(failure, pidFile)
  } else {
    makeFolder(folder, modesOf(folder))
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Whether nothing can be made at that path since its file system, or that of the nearest folder, is read-only. */
export function isReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return false
  } catch (error) {
    if (!isSystemError(error)) return false
    const parent = dirname(path)
    return error.code === 'EROFS' || (error.code === 'ENOENT' && parent !== path && isReadOnly(parent))
  }
}
