/** The option `listen`: sockets that a keeper opens before the program. Runs in both processes. */

import { didYouMean, invalid, refused, show } from '../say.js'
import { NAME } from './places.js'
import type { Listen } from './settings.js'
import { isRecord, modeValue, pathValue } from './values.js'

const WHOLE_NAME = new RegExp(`^${NAME}$`)
const KEYS = ['port', 'host', 'path', 'mode', 'backlog'] as const
const HIGHEST_PORT = 65_535
const MOST = 64
/** Only the daemon's own user. */
const SOCKET_MODE = 0o600

/** Sockets by their names. Errors name them as `listen.web`, and their parts as `listen.web.port`. */
export function listenValue(option: string, value: unknown): readonly Listen[] {
  if (!isRecord(value)) throw invalid(option, value, 'an object of ports, paths and addresses by their names')
  const entries = Object.entries(value)
  if (entries.length > MOST) throw refused(option, value, `has more than ${MOST} sockets`, 'Give fewer.')
  const all = entries.map(([name, address]) => one(option, name, address))
  const names = new Map<string, string>()
  for (const each of all) {
    const address = addressOf(each)
    const other = names.get(address)
    if (other !== undefined) {
      throw refused(`${option}.${each.name}`, value, `is the address of ${option}.${other}`, 'Give it once.')
    }
    names.set(address, each.name)
  }
  return Object.freeze(all)
}

function addressOf(listen: Listen): string {
  return 'path' in listen ? listen.path : `${listen.host ?? ''} ${listen.port}`
}

function one(option: string, name: string, value: unknown): Listen {
  const called = `${option}.${name}`
  if (!WHOLE_NAME.test(name)) {
    const what = `has the name ${show(name)}`
    throw refused(option, value, what, 'Names have 1 to 64 letters, digits and any of ._@-.')
  }
  if (typeof value === 'number') return { name, port: portValue(called, value) }
  if (!isRecord(value)) throw invalid(called, value, 'a port, or an object with port or path')
  for (const [key, found] of Object.entries(value)) if (!isKey(key)) refuseKey(called, key, found)
  const { port, host, path, mode, backlog } = value
  const queue = backlog === undefined ? {} : { backlog: backlogValue(`${called}.backlog`, backlog) }
  if (path !== undefined) {
    for (const [key, other] of Object.entries({ port, host })) {
      if (other !== undefined) throw contradicts(`${called}.${key}`, other)
    }
    const file = pathValue(`${called}.path`, path)
    const permissions = mode === undefined ? SOCKET_MODE : modeValue(`${called}.mode`, mode)
    return { name, path: file, mode: permissions, ...queue }
  }
  if (mode !== undefined) throw refused(`${called}.mode`, mode, 'is for a path, and there is none')
  const where = host === undefined ? {} : { host: hostValue(`${called}.host`, host) }
  return { name, port: portValue(`${called}.port`, port), ...where, ...queue }
}

function isKey(key: string): boolean {
  return KEYS.some((known) => known === key)
}

function refuseKey(called: string, key: string, value: unknown): never {
  const guess = didYouMean(key, KEYS)
  const advice = guess === undefined ? `It has ${KEYS.join(', ')}.` : `Did you mean '${guess}'?`
  throw refused(`${called}.${key}`, value, 'is unknown', advice)
}

function contradicts(option: string, value: unknown): Error {
  return refused(option, value, 'contradicts the path', 'Give a port or a path.')
}

/** A port that others can be told. */
export function portValue(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= HIGHEST_PORT)
    return value
  const advice = value === 0 ? 'A port that the system chooses would be another one after each start.' : ''
  throw invalid(option, value, `a port, from 1 to ${HIGHEST_PORT}`, advice)
}

/** An address: a name would have to be looked up, and may have several. */
export function hostValue(option: string, value: unknown): string {
  const { isIP } = process.getBuiltinModule('node:net')
  if (typeof value === 'string' && isIP(value) !== 0 && !value.includes('%')) return value
  const advice = value === 'localhost' ? "Give '127.0.0.1' or '::1'." : ''
  throw invalid(option, value, 'an IP address', advice)
}

function backlogValue(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 2 ** 31 - 1) return value
  throw invalid(option, value, 'an integer from 1 on')
}
