/**
 * Checks, for verbs that restart a daemon, whether its pidfile can be made again when the daemon has ended.
 * Runs in the launcher, in the process that becomes the daemon, and in a daemon that restarts itself.
 */

import { accessSync, constants, lstatSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ifPermitted } from '../binding/denied.js'
import { raise } from '../binding/errors.js'
import { native } from '../binding/native.js'
import { isSystemError } from '../binding/node-errors.js'
import { PermissionDeniedError } from '../errors.js'

/**
 * The permission bit of a folder in which only its owner may remove a file, and the core's mark of a distrusted
 * pidfile.
 */
const STICKY = 0o1000

/**
 * Checks the path, whichever process holds the file now.
 *
 * @throws PidFileError for a path that no start would take
 * @throws PermissionDeniedError when this process may neither make the file nor take it over
 */
export function checkPidFile(pidFile: string): void {
  const refused = native().checkPidFile(pidFile)
  if (refused !== null) raise(refused, pidFile)
  ifPermitted(() => checkMakeable(pidFile), undefined)
}

/** The daemon removes the pidfile at its end. A pidfile that it may only empty can be taken over. */
function checkMakeable(pidFile: string): void {
  const folder = dirname(pidFile)
  const user = process.geteuid?.()
  try {
    const file = lstatSync(pidFile, { throwIfNoEntry: false })
    const isOurs = file === undefined || file.uid === user
    if (file !== undefined && isOurs && (file.mode & STICKY) === 0 && isWritable(pidFile)) return
    accessSync(folder, constants.W_OK | constants.X_OK)
    const { mode, uid } = statSync(folder)
    if (isOurs || user === 0 || (mode & STICKY) === 0 || uid === user) return
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    throw cannotMake(pidFile, cause.message, cause)
  }
  throw cannotMake(pidFile, `${folder} lets nobody but its owner remove it`)
}

/** Looks without an open, because a daemon that closes its own pidfile loses the name tag on it. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function cannotMake(pidFile: string, why: string, cause?: unknown): PermissionDeniedError {
  const message =
    `The pidfile ${pidFile} cannot be made anew: ${why}. ` +
    'Restart the daemon with the rights that it was started with, or give it a pidfile in a folder of its own.'
  return new PermissionDeniedError(message, { pidFile, syscall: 'access', cause })
}
