/**
 * Whether files may be written: by this process, or by the user that the daemon will be.
 * Runs in the launcher, in the process that becomes the daemon, and in a daemon that restarts itself.
 */

import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The user and the groups that a look at rights is about. */
export interface Identity {
  /** Without one, this process's own: only the group changes. */
  readonly uid?: number
  readonly gid: number
  /** All of them, supplementary ones included. */
  readonly groups: readonly number[]
}

/** The facts of a file that decide about rights. */
interface Owned {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** The lowest three bits of a mode. */
export const READ = 4
export const WRITE = 2
export const ENTER = 1

/** Whether the mode allows the access, by one set of bits: the owner's, the group's or the others'. Root may do all. */
export function allows({ mode, uid, gid }: Owned, identity: Identity, access: number): boolean {
  const user = identity.uid ?? process.geteuid?.()
  if (user === 0) return true
  if (user === uid) return ((mode >> 6) & access) === access
  const isMember = identity.gid === gid || identity.groups.includes(gid)
  return ((isMember ? mode >> 3 : mode) & access) === access
}

/** Whether this user can enter a folder, and each folder on the way to it. */
export function canReach(folder: string, identity: Identity): boolean {
  const parent = dirname(folder)
  return allows(statSync(folder), identity, ENTER) && (parent === folder || canReach(parent, identity))
}

/**
 * Fails where this process has none of the rights that are asked for, as access(2) does.
 *
 * @param access - of {@link READ}, {@link WRITE} and {@link ENTER}
 * @throws the system error
 */
export function checkAccess(path: string, access: number): void {
  const bits = [constants.R_OK, constants.W_OK, constants.X_OK]
  const wanted = bits.filter((_, index) => (access & (READ >> index)) !== 0)
  accessSync(
    path,
    wanted.reduce((all, bit) => all | bit, 0),
  )
}

/**
 * Why another identity would not be given this access; `undefined` when it would. Only the modes are looked at: access
 * control lists and read-only file systems are not seen.
 *
 * @param access - of {@link READ}, {@link WRITE} and {@link ENTER}
 * @throws the system error when the file cannot be looked at
 */
export function deniedTo(identity: Identity, path: string, access: number): string | undefined {
  const found = statSync(path)
  if (allows(found, identity, access)) return undefined
  const who = identity.uid === undefined ? `group ${identity.gid}` : `user ${identity.uid}`
  const mode = (found.mode & 0o7777).toString(8)
  return `its mode is ${mode}, its owner ${found.uid}:${found.gid}, which does not let ${who} in`
}
