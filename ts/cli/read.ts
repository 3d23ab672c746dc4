/** From the texts of flags to values. The Daemon checks the values. */

import type { Collection, Reading } from '../options/row.js'
import { UsageError } from './errors.js'
import type { Flag } from './flags.js'
import type { Value } from './parse.js'

/** The value that a flag gives: a switch is there, or `--flag=false`; other flags have a text, or several. */
export function optionValue({ name, reads, collects, on = true }: Flag, given: Value): unknown {
  if (typeof given === 'boolean') return given === on
  if (typeof given !== 'string') return COLLECTIONS[collects ?? 'texts'](given.map(String), name)
  return reads === undefined ? given : READINGS[reads](given, name)
}

/** A number, or `infinity`. A number with one of the units is refused, with the number that it means. */
export function number(text: string, flag: string, what = 'a number', units: Units = {}): number {
  if (/^infinity$/i.test(text)) return Number.POSITIVE_INFINITY
  const found = Number(text)
  if (text.trim() !== '' && !Number.isNaN(found)) return found
  throw new UsageError(`--${flag} takes ${what}, not '${text}'${meantBy(text, units)}`)
}

/** Units that people write, in those of the options. */
const TIMES: Units = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000 }
const SIZES: Units = { b: 1, k: 1e3, kb: 1e3, m: 1e6, mb: 1e6, g: 1e9, gb: 1e9 }

type Units = Readonly<Record<string, number>>

export function milliseconds(text: string, flag: string): number {
  return number(text, flag, 'a number of milliseconds', TIMES)
}

export function bytes(text: string, flag: string): number {
  return number(text, flag, 'a number of bytes', SIZES)
}

/** What to give instead of a number with a unit. */
function meantBy(text: string, units: Units): string {
  const [, count, unit = ''] = /^(\d+) ?([a-z]{1,3})$/i.exec(text) ?? []
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined
  return factor === undefined ? '' : `: give ${Number(count) * factor}`
}

export function numbers(texts: readonly string[], flag: string): number[] {
  return texts.map((text) => number(text, flag))
}

/** An octal number of up to four digits, with `0o` or without. */
export function octal(text: string, flag: string): number {
  if (/^(?:0o)?[0-7]{1,4}$/.test(text)) return Number.parseInt(text.replace('0o', ''), 8)
  throw new UsageError(`--${flag} takes an octal number such as 022, not '${text}'`)
}

/** A name, or an id where it is a number. */
export function account(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text
}

/** By name, `SIG` or not and in either case, as kill(1) has it; or by number. */
export function signal(text: string): string | number {
  if (/^\d+$/.test(text)) return Number(text)
  const upper = text.toUpperCase()
  return upper.startsWith('SIG') ? upper : `SIG${upper}`
}

/** `true` and `false` are no texts. */
export function switchOrText(text: string): string | boolean {
  return text === 'true' || text === 'false' ? text === 'true' : text
}

/** `NAME=VALUE` sets a variable, `NAME` alone removes it. */
export function variables(texts: readonly string[], flag: string): Record<string, string | undefined> {
  return Object.fromEntries(texts.map((text) => pair(text, flag)))
}

/** `SIG=ACTION`. */
export function actions(texts: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, action] = fullPair(text, flag)
      return [String(signal(name)), action]
    }),
  )
}

/** `NAME=N`, `NAME=SOFT:HARD` or `NAME=unlimited`. */
export function limits(texts: readonly string[], flag: string): Record<string, number | number[]> {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, value] = fullPair(text, flag)
      return [name, limit(value, flag)]
    }),
  )
}

/** `NAME=PORT`, `NAME=HOST:PORT`, `NAME=[HOST]:PORT`, or `NAME=PATH` with a slash in it. */
export function listen(texts: readonly string[], flag: string): Record<string, unknown> {
  const sockets: Record<string, unknown> = {}
  for (const text of texts) {
    const [name, given] = fullPair(text, flag)
    const address = addressOf(given)
    if (address === undefined)
      throw new UsageError(`--${flag} takes NAME=PORT, NAME=HOST:PORT or NAME=PATH, not '${given}'`)
    if (Object.hasOwn(sockets, name)) throw new UsageError(`--${flag} has the name '${name}' twice`)
    sockets[name] = address
  }
  return sockets
}

function addressOf(text: string): number | object | undefined {
  if (text.includes('/')) return { path: text }
  if (/^\d+$/.test(text)) return Number(text)
  const [, v6, v4, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text) ?? []
  const host = v6 ?? v4
  return host === undefined ? undefined : { host, port: Number(port) }
}

function limit(text: string, flag: string): number | number[] {
  const both = text.split(':').map((part) => {
    if (/^(?:unlimited|infinity)$/i.test(part)) return Number.POSITIVE_INFINITY
    if (/^\d+$/.test(part)) return Number(part)
    throw new UsageError(`--${flag} takes a number, SOFT:HARD or unlimited, not '${text}'`)
  })
  const [only] = both
  return both.length === 1 && only !== undefined ? only : both
}

/** `NAME=VALUE`, or the name alone. */
function pair(text: string, flag: string): [string, string | undefined] {
  const [, name, value] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? []
  if (name === undefined) throw new UsageError(`--${flag} takes NAME=VALUE, not '${text}'`)
  return [name, value]
}

function fullPair(text: string, flag: string): [string, string] {
  const [name, value] = pair(text, flag)
  if (value === undefined) throw new UsageError(`--${flag} takes NAME=VALUE, not '${text}'`)
  return [name, value]
}

/** A word; `PORT`, `HOST:PORT` or `[HOST]:PORT`; or a path, with a slash in it. */
export function ready(text: string, flag: string): unknown {
  if (/^[a-z]+$/i.test(text)) return text
  const address = addressOf(text)
  if (address === undefined)
    throw new UsageError(`--${flag} takes a word, PORT, HOST:PORT or PATH, not '${text}'`)
  return typeof address === 'number' ? { port: address } : address
}

const READINGS: Readonly<Record<Reading, (text: string, flag: string) => unknown>> = {
  account,
  bytes,
  milliseconds,
  number,
  octal,
  ready,
  signal,
  switchOrText,
}

const COLLECTIONS: Readonly<Record<Collection, (texts: readonly string[], flag: string) => unknown>> = {
  actions,
  limits,
  listen,
  numbers,
  texts: (texts) => texts,
  variables,
}
