/**
 * The start that a daemon asks of its helper: its first launch again, with the rights that the daemon has now.
 * Runs in the daemon.
 */

import { beside } from '../binding/package-files.js'
import { packer } from '../binding/single-executable.js'
import { PermissionDeniedError, UnsupportedError } from '../errors.js'
import { decodeRelaunch, type Relaunch } from '../handover/relaunch.js'
import type { LaunchSettings } from '../handover/settings.js'
import type { State } from '../inside/state.js'
import type { Args, RequestedSettings, StartRequest } from '../launcher/preflight.js'
import { checkFiles } from '../launcher/program/files.js'
import { checkLimits, type Rights } from '../options/rights.js'

/** The launch to repeat, and the helper that does it. */
export interface Again {
  readonly relaunch: Relaunch
  /** The file of the process that does it. */
  readonly helper: string
}

/** The start for which `context.restart()` calls `preflight()`. */
export type RestartFromInside = StartRequest<RequestedSettings, Again>

/**
 * The start of this daemon by itself.
 *
 * @throws UnsupportedError, PermissionDeniedError for a daemon that cannot start itself again at all
 */
export function again(state: State, args: Args): RestartFromInside {
  const { pidFile, settings } = state
  const { relaunch: first, helper } = findRelaunch(state)
  const { rights, relaunch } = rightsLeft(settings, first, pidFile, state.kept !== undefined)
  const { cwd, kind } = settings
  const { stdio, plan, main } = relaunch
  const script = kind === 'program' ? undefined : main
  const requested: RequestedSettings = {
    pidFile,
    script,
    cwd,
    stdio,
    signal: undefined,
    // Its pidfile is in a folder that is there.
    defaultFolder: undefined,
    // It has no options any more: what they came to is checked as files.
    given: { execPath: undefined, cwd },
    compileCache: settings.compileCache ?? false,
    process: { chroot: undefined },
  }
  return {
    settings: requested,
    args,
    // Done: without its first launch there is nothing that could be asked about.
    refuse: () => {},
    rights() {
      checkLimits(rights.limits, settings.oomScoreAdj)
      return rights
    },
    find() {
      const { program, folder } = plan
      checkFiles({ ...relaunch, kind, program, main, folder }, requested)
      return { relaunch, helper }
    },
  }
}

/** Finds what a restart needs; for a daemon that cannot restart itself, the error says what can restart it. */
function findRelaunch({ pidFile, detached, settings }: State): Again {
  const refuse = (why: string, advice: string): UnsupportedError =>
    new UnsupportedError(`context.restart() is not supported ${why}. ${advice}.`, {
      pidFile,
      feature: 'restart',
    })
  if (!detached || settings.relaunch === undefined) {
    const advice = 'End with stop(), and let the supervisor start it again'
    throw refuse('in the foreground and under a supervisor, which would lose the process it watches', advice)
  }
  const outside = 'Restart it from outside, by restart() of a Daemon'
  if (settings.chroot !== undefined)
    throw refuse("below another root folder ('chroot'), where the program is not", outside)
  if ((settings.keepFds ?? []).length > 0)
    throw refuse("with 'keepFds', which are its launcher's descriptors", outside)
  if (packer() !== undefined)
    throw refuse('in a single executable, which runs no other program than itself', outside)
  const helper = beside('restart-helper.js')
  if (helper === undefined) {
    const advice =
      "Put its dist/restart-helper.js beside the bundle. If this is none, the package's files are gone"
    throw refuse("without the package's own file that does it", advice)
  }
  return { relaunch: decodeRelaunch(settings.relaunch), helper }
}

/**
 * The launch with the rights that this process has left. It has those of a user already, and cannot take them again.
 *
 * @throws PermissionDeniedError when it has given up more than its options would
 */
function rightsLeft(
  { identity }: LaunchSettings,
  relaunch: Relaunch,
  pidFile: string,
  isKept: boolean,
): { rights: Rights; relaunch: Relaunch } {
  const { uid, gid, plan } = relaunch
  const { limits } = plan
  const [ownUid, ownGid] = [process.geteuid?.(), process.getegid?.()]
  const hasTaken = identity !== undefined && identity.gid === ownGid && (identity.uid ?? uid) === ownUid
  if (ownUid === 0 || (ownUid === uid && (ownGid === gid || hasTaken)))
    return { rights: { identity, limits }, relaunch }
  // A keeper has kept its rights, so that this process cannot stop it.
  if (hasTaken && !isKept) {
    const { owner: _, ...rest } = plan
    return {
      rights: { identity: undefined, limits },
      relaunch: { ...relaunch, plan: rest, uid: ownUid, gid: ownGid },
    }
  }
  const what = `The daemon of ${pidFile} has given up the rights that it was started with`
  throw new PermissionDeniedError(`${what}, so it cannot start itself again. Restart it from outside.`, {
    pidFile,
  })
}
