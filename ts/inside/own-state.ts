/**
 * Gives verbs the state of this daemon; refuses a state with another layout, which another copy of the package has
 * made. Runs in both processes, called by the facade's verbs.
 */

import { ownPath } from '../binding/package-files.js'
import { isOfThisLayout, type Shared, shared, signature } from '../binding/shared.js'
import { UnsupportedError } from '../errors.js'
import { presentState, type State } from './state.js'

/**
 * The daemon that this process is; undefined in any other process, and in workers.
 *
 * @throws UnsupportedError when the state has another layout: a verb that does not see this daemon would start it again
 */
export function ownState(): State | undefined {
  const found = shared()
  if (found !== undefined && !isOfThisLayout(found)) throw twoCopies(found)
  return presentState()
}

function twoCopies(other: Shared): UnsupportedError {
  const own = signature(ownPath)
  const newer = other.abi > own.abi ? other : own
  const message =
    'Two copies of daimon in this process do not understand each other: ' +
    `${nameOf(other)}, which has made it a daemon, and ${nameOf(own)}, which was called. ${remedy(newer)}`
  return new UnsupportedError(message, { feature: 'two copies of daimon' })
}

/** A copy of another version has its own native part, which does not have the socket. */
export function servedByOther(state: State): UnsupportedError {
  const own = signature(ownPath)
  const message =
    'Only a copy of the version that has made this process a daemon can serve its socket: ' +
    `that is ${nameOf(state)}, and ${nameOf(own)} was called. ${remedy()}`
  return new UnsupportedError(message, { pidFile: state.pidFile, feature: 'two copies of daimon' })
}

function remedy(least?: Shared): string {
  const which = least === undefined ? '' : `, ${least.version} or later`
  return (
    `Install one version for the whole program${which} ('npm ls daimon' shows who brings which), ` +
    'then start the daemon anew.'
  )
}

/** Describes a copy. Other code may have made the value, so these members may be missing. */
function nameOf({ abi, version, from }: Partial<Shared>): string {
  if (abi === undefined || version === undefined) return 'one of an unknown version'
  return `daimon ${version} at ${from} (state ${abi})`
}
