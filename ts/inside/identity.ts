/** Giving up root's rights later than at the start. */

import { raise } from '../binding/errors.js'
import { accountVariables, identityOf } from '../binding/identity.js'
import { native } from '../binding/native.js'
import { InvalidOptionError } from '../errors.js'
import { accountValue } from '../options/index.js'

/** Makes this process another user, a group's member or both. */
export function dropPrivileges(to: { user?: string | number; group?: string | number }): void {
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
  if (identity === undefined) return
  const failure = native().takeIdentity(identity)
  if (failure !== null) raise(failure)
  Object.assign(process.env, accountVariables(identity))
}
