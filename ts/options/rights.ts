/**
 * Checks the rights and limits that launch and daemon set, by asking the system, before anything happens. Runs in the
 * launcher, in the process that becomes the daemon, and in the helper of a restart.
 */

import { readlinkSync } from 'node:fs'
import { type NativeIdentity, type NativeLimits, native } from '../binding/native.js'
import { refused } from '../say.js'
import { identityOf, notSupported, refuseNative } from './identity.js'
import type { Limit, Settings } from './settings.js'

/** The rights that launch and daemon set. */
export interface Rights {
  /** The user and groups that the daemon takes when its body begins; undefined: it keeps the launcher's. */
  readonly identity: NativeIdentity | undefined
  readonly limits: NativeLimits
}

/**
 * Looks users and groups up, and checks whether this process may set the rights that the options ask for.
 *
 * @throws InvalidOptionError naming option and value, UnsupportedError
 */
export function checkRights({ process: given }: Settings): Rights {
  const { user, group, chroot, oomScoreAdj, nice, limits = [], keepFds = [] } = given
  const noNewPrivileges = forbidsNewPrivileges(given)
  if (chroot !== undefined) refuseNative(native().checkChroot(), 'chroot', chroot)
  const all = { resources: [...limits], coreDumps: given.coreDumps ?? false, noNewPrivileges }
  const nativeLimits = nice === undefined ? all : { ...all, nice }
  checkLimits(nativeLimits, oomScoreAdj)
  for (const fd of keepFds) checkOpen(fd, keepFds)
  return { identity: identityOf(user, group), limits: nativeLimits }
}

/**
 * Asks whether this process may set these limits.
 *
 * @throws InvalidOptionError naming option and value, UnsupportedError
 */
export function checkLimits(limits: NativeLimits, oomScoreAdj: number | undefined): void {
  for (const limit of limits.resources) {
    const alone = { resources: [limit], coreDumps: true, noNewPrivileges: false }
    refuseNative(native().checkLimits(alone), `limits.${limit.name}`, asGiven(limit))
  }
  refuseNative(native().checkLimits(limits), 'nice', limits.nice)
  if (oomScoreAdj !== undefined)
    refuseNative(native().checkOomScoreAdj(oomScoreAdj), 'oomScoreAdj', oomScoreAdj)
}

function asGiven({ soft, hard }: Pick<Limit, 'soft' | 'hard'>): number | [number, number] {
  return soft === hard ? soft : [soft, hard]
}

function forbidsNewPrivileges({ noNewPrivileges, user }: Settings['process']): boolean {
  const known = process.platform === 'linux'
  if (noNewPrivileges === true && !known) throw notSupported('noNewPrivileges')
  return noNewPrivileges ?? (known && user !== undefined)
}

function checkOpen(fd: number, value: readonly number[]): void {
  if (!native().isOpen(fd)) {
    throw refused('keepFds', value, `has ${fd} in it, which is no open descriptor of this process`)
  }
  if (!isOfEventLoop(fd)) return
  const problem = `has ${fd} in it, which is a descriptor of Node.js itself, for its event loop`
  throw refused('keepFds', value, problem, `Start this process with ${fd} open: node FILE ${fd}>>OUTPUT.`)
}

/** Whether Node.js has made the descriptor: it takes the lowest numbers that the starter has left free (Linux). */
function isOfEventLoop(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[eventpoll]'
  } catch {
    return false
  }
}
