/**
 * An error as data: told by the daemon, read by its launcher, which does not trust it. Part of the preload: it loads
 * nothing of Node's.
 */

import { isErrorLike, messageOf, propertyOf, textOf } from './thrown.js'
import { toldText } from './told-text.js'

/** The fields of Node's own errors. */
const FIELDS = [
  'name',
  'message',
  'stack',
  'code',
  'errno',
  'syscall',
  'path',
  'address',
  'port',
  'permission',
  'resource',
] as const

/** A thrown value as data: the readable fields of an error, or the text of any other value. */
export function encodeThrown(thrown: unknown): string {
  const told: Record<string, unknown> = { name: 'Error', message: messageOf(thrown) }
  if (!isErrorLike(thrown)) return JSON.stringify(told)
  for (const key of FIELDS) {
    const value = textOf(thrown, key) ?? propertyOf(thrown, key)
    if (typeof value === 'string' || typeof value === 'number') told[key] = value
  }
  return JSON.stringify(told)
}

/** An error that daimon itself found in the daemon, with the code of its class if it has one. */
export function encodeOwn(message: string, code?: 'ERR_DAEMON_UNSUPPORTED'): string {
  const text = toldText(message)
  return JSON.stringify(
    code === undefined ? { name: 'Error', message: text } : { name: 'UnsupportedError', message: text, code },
  )
}

/**
 * The error, as far as it can be read; undefined if the text is no error. Any code in the daemon may have written it.
 */
export function decodeError(json: string | undefined): Error | undefined {
  try {
    const told: Record<string, unknown> = JSON.parse(json ?? '')
    const error = new Error(toldText(String(told.message)))
    // A stack of this process would mislead: the error is the daemon's.
    error.stack = `${error}`
    for (const key of FIELDS) {
      const value = told[key]
      if (key === 'message' || (typeof value !== 'string' && typeof value !== 'number')) continue
      Object.defineProperty(error, key, {
        value: typeof value === 'string' ? toldText(value) : value,
        configurable: true,
        writable: true,
        enumerable: key !== 'stack' && key !== 'name',
      })
    }
    return error
  } catch {
    return undefined
  }
}
