/**
 * Checks the rights and limits of a daemon by asking the system, before anything happens.
 * Runs in both processes.
 */

import { readlinkSync } from 'node:fs'
import { toError } from '../binding/errors.js'
import { type NativeError, type NativeIdentity, type NativeLimits, native } from '../binding/native.js'
import { InvalidOptionError, UnsupportedError } from '../errors.js'
import { errorOf, refusal, refused, say, subject } from '../say.js'
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
  if (chroot !== undefined) refuse(native().checkChroot(), 'chroot', chroot)
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
    refuse(native().checkLimits(alone), `limits.${limit.name}`, asGiven(limit))
  }
  refuse(native().checkLimits(limits), 'nice', limits.nice)
  if (oomScoreAdj !== undefined) refuse(native().checkOomScoreAdj(oomScoreAdj), 'oomScoreAdj', oomScoreAdj)
}

/**
 * Looks a user, a group or both up; undefined when this process has exactly these rights already.
 *
 * @throws InvalidOptionError when there is no such user or group, or this process may not take their rights
 */
export function identityOf(
  user: string | number | undefined,
  group: string | number | undefined,
): NativeIdentity | undefined {
  if (user === undefined && group === undefined) return undefined
  const found = native().resolveIdentity(user, group)
  if (found === null || found === undefined) return undefined
  if (!('code' in found)) return found
  return refuse(found, found.option ?? 'user', found.option === 'group' ? group : user)
}

/** The environment variables of that user's account. */
export function accountVariables(identity: NativeIdentity | undefined): Record<string, string> {
  if (identity?.account === undefined) return {}
  const { name, home, shell } = identity.account
  return { HOME: home, USER: name, LOGNAME: name, SHELL: shell }
}

function refuse(failure: NativeError | null, option: string, value: unknown): undefined {
  if (failure === null) return undefined
  const error = toError(failure)
  if (error instanceof UnsupportedError && error.feature === option) throw notSupported(option)
  if (!(error instanceof InvalidOptionError)) throw error
  // The core knows only the whole option, such as `limits`.
  throw refusal({ option, problem: failure.message, isClause: true }, { value, cause: error.cause })
}

function notSupported(option: string): UnsupportedError {
  const text = say`${subject(option)} is not supported by this system. Leave it out.`
  return errorOf(text, (message) => new UnsupportedError(message, { feature: option }))
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
