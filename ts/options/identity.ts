/** Looks users and groups up, and says why the system refuses rights. Runs in both processes. */

import { toError } from '../binding/errors.js'
import { type NativeError, type NativeIdentity, native } from '../binding/native.js'
import { InvalidOptionError, UnsupportedError } from '../errors.js'
import { errorOf, refusal, say, subject } from '../say.js'

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
  return refuseNative(found, found.option ?? 'user', found.option === 'group' ? group : user)
}

/** The environment variables of that user's account. */
export function accountVariables(identity: NativeIdentity | undefined): Record<string, string> {
  if (identity?.account === undefined) return {}
  const { name, home, shell } = identity.account
  return { HOME: home, USER: name, LOGNAME: name, SHELL: shell }
}

/**
 * Throws the native part's refusal of an option, if it is one.
 *
 * @throws InvalidOptionError naming option and value, UnsupportedError
 */
export function refuseNative(failure: NativeError | null, option: string, value: unknown): undefined {
  if (failure === null) return undefined
  const error = toError(failure)
  if (error instanceof UnsupportedError && error.feature === option) throw notSupported(option)
  if (!(error instanceof InvalidOptionError)) throw error
  // The core knows only the whole option, such as `limits`.
  throw refusal({ option, problem: failure.message, isClause: true }, { value, cause: error.cause })
}

/** The error about an option that this system has nothing for. */
export function notSupported(option: string): UnsupportedError {
  const text = say`${subject(option)} is not supported by this system. Leave it out.`
  return errorOf(text, (message) => new UnsupportedError(message, { feature: option }))
}
