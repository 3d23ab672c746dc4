/** The option `ready`: when a daemon is ready. Runs in both processes. */

import { didYouMean, invalid, refused, show } from '../say.js'
import { hostValue, portValue } from './listen.js'
import type { ReadyGiven } from './settings.js'
import { isRecord, pathValue } from './values.js'

/** The words; an address is the other way. */
export const READY = ['auto', 'manual', 'running', 'notify'] as const

const KEYS = ['port', 'host', 'path'] as const

/** The most bytes of a Unix socket's path, unix(7). */
const LONGEST_PATH = 107

/** Errors name the parts of an address as `ready.port` and the like. */
export function readyValue(option: string, value: unknown): ReadyGiven {
  const word = READY.find((one) => one === value)
  if (word !== undefined) return word
  if (!isRecord(value)) {
    const words = READY.map((one) => `'${one}'`).join(', ')
    throw invalid(option, value, `${words}, or an object with port or path`)
  }
  const known: readonly string[] = KEYS
  for (const [key, found] of Object.entries(value)) {
    if (known.includes(key)) continue
    const guess = didYouMean(key, KEYS)
    const advice = guess === undefined ? `It has ${KEYS.join(', ')}.` : `Did you mean '${guess}'?`
    throw refused(`${option}.${key}`, found, 'is unknown', advice)
  }
  return addressValue(option, value)
}

function addressValue(option: string, { port, host, path }: Record<string, unknown>): ReadyGiven {
  if (path === undefined) {
    const where = host === undefined ? {} : { host: hostValue(`${option}.host`, host) }
    return { port: portValue(`${option}.port`, port), ...where }
  }
  for (const [key, other] of Object.entries({ port, host })) {
    if (other !== undefined) {
      throw refused(`${option}.${key}`, other, 'contradicts the path', 'Give a port or a path.')
    }
  }
  const file = pathValue(`${option}.path`, path)
  if (Buffer.byteLength(file) > LONGEST_PATH) {
    const what = `(${show(file)}) is longer than ${LONGEST_PATH} bytes, the most that the path of a socket has`
    throw refused(`${option}.path`, path, what)
  }
  return { path: file }
}
