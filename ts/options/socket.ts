/** The option `socket`: whether there is one, a path, or a path with its mode. Runs in both processes. */

import { IS_WINDOWS } from '../binding/platform.js'
import { didYouMean, invalid, named, refused, say, show } from '../say.js'
import { refuseAbsent } from './absent.js'
import type { Row, RowWithDefault } from './row.js'
import type { Given, SocketSettings } from './settings.js'
import { booleanValue, modeValue, pathValue } from './values.js'

/** As it was given: without a path it is beside the pidfile. */
export type SocketGiven = false | (Omit<SocketSettings, 'path'> & { readonly path: string | undefined })

const PARTS: {
  readonly path: Row<string>
  readonly mode: RowWithDefault<number>
  readonly hello: RowWithDefault<boolean>
} = {
  path: { check: socketPathValue, forms: [] },
  mode: { check: socketModeValue, default: 0o600, forms: [] },
  hello: { check: booleanValue, default: true, forms: [] },
}

const KEYS = Object.keys(PARTS)

/** The names of pipes. */
const PIPE = /^\\\\[.?]\\pipe\\./i

const VERSION = /^[\x21-\x7e]{1,64}$/

/** The socket, without its default path. Errors name its parts as `socket.mode` and the like. */
export function socketValue(option: string, value: unknown): SocketGiven {
  const defaults = { path: undefined, mode: PARTS.mode.default, hello: PARTS.hello.default }
  if (value === false) return false
  if (value === true) return defaults
  if (typeof value !== 'object' || value === null || value instanceof URL || Array.isArray(value)) {
    if (typeof value === 'string' || value instanceof URL)
      return { ...defaults, path: socketPathValue(option, value) }
    throw invalid(option, value, 'true, false, a path, or an object with path, mode and hello')
  }
  const source: Record<string, unknown> = { ...value }
  for (const [key, found] of Object.entries(source)) if (!KEYS.includes(key)) refuse(option, key, found)
  const part = <T>(key: string, { check }: Row<T>): T | undefined =>
    source[key] === undefined ? undefined : check(`${option}.${key}`, source[key])
  const mode = part('mode', PARTS.mode)
  refuseAbsent('socket.mode', mode, PARTS.mode.default)
  return {
    path: part('path', PARTS.path),
    mode: mode ?? PARTS.mode.default,
    hello: part('hello', PARTS.hello) ?? PARTS.hello.default,
  }
}

function refuse(option: string, key: string, value: unknown): never {
  const guess = didYouMean(key, KEYS)
  const advice = guess === undefined ? `It has ${KEYS.join(', ')}.` : `Did you mean '${guess}'?`
  throw refused(`${option}.${key}`, value, 'is unknown', advice)
}

/** A path; on Windows the name of a pipe, as `net.connect()` takes it. */
function socketPathValue(option: string, value: unknown): string {
  const path = pathValue(option, value)
  if (!IS_WINDOWS || PIPE.test(path)) return path
  const advice = say`Give a name as ${show(String.raw`\\.\pipe\web`)}, or true for one that the pidfile has.`
  throw refused(option, value, `(${show(value)}) is no named pipe, which a socket is on Windows`, advice)
}

function socketModeValue(option: string, value: unknown): number {
  const mode = modeValue(option, value)
  if ((mode & 0o600) === 0o600) return mode
  const what = `0o${mode.toString(8)} must let the owner read and write`
  throw refused(option, value, what, 'Give 0o600, 0o660 or 0o666.')
}

/** A time in milliseconds, of any length. */
export function idleTimeoutValue(option: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value
  throw invalid(option, value, 'a time in milliseconds, from 0 on, or Infinity')
}

/** The version that the hello tells. */
export function versionValue(option: string, value: unknown): string {
  if (typeof value === 'string' && VERSION.test(value)) return value
  throw invalid(option, value, 'a string of 1 to 64 printable ASCII characters without spaces')
}

/**
 * The socket of a pidfile, with its path.
 *
 * @throws InvalidOptionError for options that contradict each other
 */
export function socketOf(given: Given, pidFile: string): SocketSettings | undefined {
  const { socket, idleTimeout, version } = given
  if (socket === undefined || socket === false) {
    for (const [option, value] of Object.entries({ idleTimeout, version })) {
      if (value === undefined || value === Number.POSITIVE_INFINITY) continue
      const what = say`(${show(value)}) is for daemons with a ${named('socket')}, and this one has none`
      throw refused(option, value, what, say`Give ${named('socket')} too, or leave it out.`)
    }
    return undefined
  }
  checkHello(given)
  const path = socket.path ?? defaultPath(pidFile)
  if (path === pidFile) {
    throw refused('socket', path, say`(${show(path)}) is the path of the pidfile`, 'Give another path.')
  }
  return { ...socket, path }
}

/** The socket of that pidfile, where no option says otherwise. */
export function defaultSocket(pidFile: string): SocketSettings {
  return { path: defaultPath(pidFile), mode: PARTS.mode.default, hello: PARTS.hello.default }
}

function defaultPath(pidFile: string): string {
  const path = `${pidFile.replace(/\.pid$/, '')}.sock`
  // As the documentation of Node.js names pipes that belong to a path.
  return IS_WINDOWS ? `\\\\.\\pipe\\${path}` : path
}

/** Without a hello a client cannot tell an accepted connection from one that was never accepted. */
function checkHello({ socket, idleTimeout = Number.POSITIVE_INFINITY, version }: Given): void {
  if (socket === undefined || socket === false || socket.hello) return
  const needs = version !== undefined ? 'version' : Number.isFinite(idleTimeout) ? 'idleTimeout' : undefined
  if (needs === undefined) return
  const what = say`is false, but ${named(needs)} needs the hello`
  throw refused('socket.hello', false, what, 'Leave one of them out.')
}
