/**
 * Whether a folder is one in which no other user can change what is there; the daemon's own group, and root's, are
 * trusted. The launcher checks it to refuse the start, the daemon to decide whether it uses the folder. It is loaded
 * before a script.
 */

import { lstatSync, realpathSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { hasCode } from '../binding/node-errors.js'
import { IS_WINDOWS } from '../binding/platform.js'

/** The user and the group that the daemon has. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Why others than that user and root could change what is in the folder; undefined if they cannot. Of a folder that is
 * missing the nearest one above it is looked at. Each folder on the way belongs to the user or to root, and others may
 * not write to it, except where only owners can rename what is in it, as in /tmp (the sticky bit of mkdir(2)).
 *
 * @throws the system's error
 */
export function whyNotPrivate(folder: string, owner: Owner): string | undefined {
  const real = realpathOfNearest(folder)
  for (let at = real.path; ; at = dirname(at)) {
    const found = lstatSync(at)
    const problem = found.isDirectory()
      ? whyNotTrusted(at, found, owner, at === real.path && !real.isParent)
      : `${at} is no folder`
    if (problem !== undefined || dirname(at) === at) return problem
  }
}

function whyNotTrusted(
  path: string,
  found: Stats,
  { uid, gid }: Owner,
  isItself: boolean,
): string | undefined {
  // Windows keeps owner and rights in access lists, which Node.js does not read.
  if (IS_WINDOWS) return undefined
  if (found.uid !== uid && found.uid !== 0) return `${path} belongs to user ${found.uid}`
  const isSticky = (found.mode & 0o1000) !== 0
  if (isSticky && !isItself) return undefined
  if ((found.mode & 0o002) !== 0) return `everybody can write to ${path}`
  const isOwnGroup = found.gid === gid || found.gid === 0
  return (found.mode & 0o020) !== 0 && !isOwnGroup ? `group ${found.gid} can write to ${path}` : undefined
}

function realpathOfNearest(path: string): { path: string; isParent: boolean } {
  for (let at = path; ; at = dirname(at)) {
    try {
      return { path: realpathSync(at), isParent: at !== path }
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || dirname(at) === at) throw error
    }
  }
}
