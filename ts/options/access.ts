/**
 * Whether files may be written: by this process, or by the user that the daemon will be.
 * Runs in the launcher, and in a daemon that restarts itself.
 */

import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemError } from '../binding/errors.js'

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

const EACCES = 13

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
 * Fails as access(2) does, also for another identity than this process's. For another one only the modes are looked
 * at: access control lists and read-only file systems are not seen.
 *
 * @param access - of {@link READ}, {@link WRITE} and {@link ENTER}
 * @throws the system error
 */
export function checkAccess(path: string, access: number, identity: Identity | undefined): void {
  if (identity === undefined) {
    const bits = [constants.R_OK, constants.W_OK, constants.X_OK]
    const wanted = bits.filter((_, index) => (access & (READ >> index)) !== 0)
    accessSync(
      path,
      wanted.reduce((all, bit) => all | bit, 0),
    )
    return
  }
  if (!allows(statSync(path), identity, access)) throw systemError({ errno: EACCES, syscall: 'access', path })
}
