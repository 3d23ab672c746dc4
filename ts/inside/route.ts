/** How a verb on a pidfile must act in this process. Runs in both processes, called by the facade's verbs. */

import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isDenied } from '../binding/denied.js'
import { native } from '../binding/native.js'
import { folded, IS_WINDOWS } from '../binding/platform.js'
import { ownState } from './own-state.js'
import type { State } from './state.js'

/**
 * - `outside`: this process is no daemon, or the daemon of another pidfile. The verb does its work.
 * - `self`: the daemon of that pidfile.
 * - `unclaimed`: the daemon of another pidfile, without a body yet. The verb only looks, because the launcher has done
 *   its work already.
 * - `beginning`: a daemon that begins its body in the next turn. The verb's promise stays pending for ever, because the
 *   rest of the program is for the launcher.
 */
export type Route = 'outside' | 'self' | 'unclaimed' | 'beginning'

/**
 * The route of a verb on that pidfile.
 *
 * @param claim - called in the daemon of that pidfile: makes the caller's body this daemon's, if it has none yet
 * @throws UnsupportedError when another copy of the package has made this process a daemon, and cannot be understood
 */
export function route(pidFile: string, claim?: () => boolean): Route {
  const state = ownState()
  if (state === undefined) return 'outside'
  const isSelf = isOwn(pidFile)
  if (isSelf && claim?.() === true) return 'beginning'
  if (state.phase === 'pending') return 'beginning'
  if (state.phase === 'unclaimed') return 'unclaimed'
  return isSelf ? 'self' : 'outside'
}

/** The state of this process, where it is the daemon of that pidfile. */
export function stateOf(pidFile: string): State | undefined {
  return isOwn(pidFile) ? ownState() : undefined
}

/** Whether the path leads to this daemon's own pidfile, through links or not. */
export function isOwn(pidFile: string): boolean {
  const own = ownState()?.pidFile
  if (own === undefined) return false
  if (pidFile === own) return true
  try {
    return resolved(pidFile) === resolved(own)
  } catch {
    // Node.js does not permit to look: the core sees whether it is the very file that this process holds.
    const found = native().status(pidFile)
    return 'state' in found && found.state === 'running' && found.pid === process.pid
  }
}

function resolved(path: string): string {
  try {
    // On Windows only the system itself knows a folder's one name.
    const folder = IS_WINDOWS ? realpathSync.native(dirname(path)) : realpathSync(dirname(path))
    return folded(join(folder, basename(path)))
  } catch (error) {
    if (isDenied(error)) throw error
    // The folder is gone: compare the path as it is written.
    return folded(path)
  }
}
