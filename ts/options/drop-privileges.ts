/** Checks the options of `context.dropPrivileges()`, and looks user and groups up. Runs in the daemon. */

import type { NativeIdentity } from '../binding/native.js'
import { InvalidOptionError } from '../errors.js'
import { refuseAbsent } from './absent.js'
import { accountVariables, identityOf } from './identity.js'
import { accountValue } from './limits.js'

/** The rights that a daemon takes later than at its start, and what its environment says from then on. */
export interface Dropped {
  readonly identity: NativeIdentity
  readonly variables: Readonly<Record<string, string>>
}

/**
 * Undefined when this process has these rights already and no others.
 *
 * @throws InvalidOptionError when there is no such user or group, or this process may not take their rights;
 * UnsupportedError on Windows
 */
export function droppedTo(to: { user?: string | number; group?: string | number }): Dropped | undefined {
  refuseAbsent('dropPrivileges()', true)
  const { user, group } = to ?? {}
  const unknown = Object.keys(to ?? {}).find((key) => key !== 'user' && key !== 'group')
  if (unknown !== undefined) {
    const message = `dropPrivileges() has no option '${unknown}', but 'user' and 'group'.`
    throw new InvalidOptionError(message, { option: unknown, value: Reflect.get(to, unknown) })
  }
  if (user === undefined && group === undefined) {
    throw new InvalidOptionError("dropPrivileges() needs 'user', 'group' or both.", { option: 'user' })
  }
  const identity = identityOf(
    user === undefined ? undefined : accountValue('user', user),
    group === undefined ? undefined : accountValue('group', group),
  )
  return identity === undefined ? undefined : { identity, variables: accountVariables(identity) }
}
