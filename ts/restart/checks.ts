/** What would keep a daemon from starting again: found while it still runs, as far as it can be told. */

import { accessSync, constants, lstatSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { raise } from '../binding/errors.js'
import { type NativeIdentity, native } from '../binding/native.js'
import { PermissionDeniedError, StartFailedError } from '../errors.js'
import type { Relaunch } from '../handover/relaunch.js'
import type { LaunchSettings } from '../inside/state.js'
import { checkOptions } from '../options/index.js'

/** Permission bits of a folder in which files belong to their owners alone, and of a pidfile that nobody believes. */
const STICKY = 0o1000

/**
 * The launch with the rights that this process has left. Those of a user are taken already: they cannot be taken again.
 *
 * @throws PermissionDeniedError when it has given up more than its options would
 */
export function rightsLeft(
  { identity }: LaunchSettings,
  relaunch: Relaunch,
  pidFile: string,
): { identity: NativeIdentity | undefined; relaunch: Relaunch } {
  const { uid, gid, plan } = relaunch
  const [ownUid, ownGid] = [process.geteuid?.(), process.getegid?.()]
  const hasTaken = identity !== undefined && identity.gid === ownGid && (identity.uid ?? uid) === ownUid
  if (ownUid === 0 || (ownUid === uid && (ownGid === gid || hasTaken))) return { identity, relaunch }
  if (hasTaken) {
    const { owner: _, ...rest } = plan
    return { identity: undefined, relaunch: { ...relaunch, plan: rest, uid: ownUid, gid: ownGid } }
  }
  const what = `The daemon of ${pidFile} has given up the rights that it was started with`
  throw new PermissionDeniedError(`${what}, so it cannot start itself again. Restart it from outside.`, {
    pidFile,
  })
}

/**
 * Checks the launch as a restart from outside does, with what this process may do.
 *
 * @throws InvalidOptionError, StartFailedError, PermissionDeniedError, PidFileError
 */
export function checkRelaunch(settings: LaunchSettings, relaunch: Relaunch, pidFile: string): void {
  const { plan, main, preloads, stdio } = relaunch
  const gone = (path: string, what: string, access: number): void => {
    try {
      accessSync(path, access)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const message = `${what} is not there any more, or out of reach: ${why}. Put it back, then restart.`
      throw new StartFailedError(message, { pidFile, step: 'exec', cause })
    }
  }
  gone(plan.program, 'What runs the daemon', constants.X_OK)
  for (const path of preloads) gone(path, "A file of daimon's package", constants.R_OK)
  if (main !== undefined && settings.kind === 'program') gone(main, "The daemon's program", constants.R_OK)
  if (plan.folder !== undefined)
    gone(plan.folder, 'The folder in which the daemon was started', constants.X_OK)
  const script = settings.kind === 'program' ? undefined : main
  const { cwd } = settings
  checkOptions({
    script,
    cwd,
    stdio,
    pidFile,
    given: { execPath: undefined, cwd },
    process: { chroot: undefined },
  })
  const limits = native().checkLimits(plan.limits)
  if (limits !== null) raise(limits, pidFile)
  const refused = native().checkPidFile(pidFile)
  if (refused !== null) raise(refused, pidFile)
  checkMakeable(pidFile)
}

/** The end of this daemon takes the pidfile away; another one must be made, or that one taken over. */
function checkMakeable(pidFile: string): void {
  const folder = dirname(pidFile)
  const user = process.geteuid?.()
  try {
    const file = lstatSync(pidFile, { throwIfNoEntry: false })
    const isOurs = file === undefined || file.uid === user
    // Truncated, it can be taken over.
    if (file !== undefined && isOurs && (file.mode & STICKY) === 0) return
    accessSync(folder, constants.W_OK | constants.X_OK)
    const { mode, uid } = statSync(folder)
    if (isOurs || user === 0 || (mode & STICKY) === 0 || uid === user) return
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw cannotMake(pidFile, why, cause)
  }
  throw cannotMake(pidFile, `${folder} lets nobody but its owner remove it`)
}

function cannotMake(pidFile: string, why: string, cause?: unknown): PermissionDeniedError {
  const message =
    `The daemon may not make its pidfile ${pidFile} anew: ${why}. ` +
    'Restart it from outside, with the rights that it was started with, or give it a pidfile in a folder of its own.'
  return new PermissionDeniedError(message, { pidFile, syscall: 'access', cause })
}
