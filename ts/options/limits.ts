/** Options of the daemon's process: its user, its limits, the descriptors that it keeps. Runs in both processes. */

import { didYouMean, invalid, named, refused, say, set, show } from '../say.js'
import type { LimitName } from '../types/process.js'
import type { Given, Limit } from './settings.js'
import { isRecord } from './values.js'

const LIMIT_NAMES = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
] as const satisfies readonly LimitName[]

/** Checks what several of them show together. */
export function checkProcess({ coreDumps, limits }: Given): void {
  const core = limits?.find(({ name }) => name === 'core')
  if (core === undefined || coreDumps === true || core.soft === 0) return
  const what = say`allows core files of ${String(core.soft)} bytes, but ${named('coreDumps')} is not true`
  const advice = say`Say ${set('coreDumps', true)}, or leave the limit out.`
  throw refused('limits.core', core.soft, what, advice)
}

/** The last id is -1 for the kernel: no change. */
const LAST_ID = 2 ** 32 - 2

/** A user or a group. */
export function accountValue(option: string, value: unknown): string | number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LAST_ID) return value
  if (typeof value === 'string' && value !== '' && !/[:\0\n]/.test(value)) return value
  throw invalid(option, value, 'a name or an id')
}

/** A check for integers of that range. */
export function integerValue(lowest: number, highest: number): (option: string, value: unknown) => number {
  return (option, value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= highest)
      return value
    throw invalid(option, value, `an integer from ${lowest} to ${highest}`)
  }
}

/** The option `limits`: by name a number, or `[soft, hard]`. */
export function limitsValue(option: string, value: unknown): readonly Limit[] {
  if (!isRecord(value)) throw invalid(option, value, 'an object of limits by name, such as { nofile: 65536 }')
  const limits: Limit[] = []
  for (const [given, limit] of Object.entries(value)) {
    const name = LIMIT_NAMES.find((known) => known === given)
    if (name === undefined) {
      const guess = didYouMean(given.replace(/^rlimit_/i, ''), LIMIT_NAMES)
      const advice =
        guess === undefined ? `Known ones: ${LIMIT_NAMES.join(', ')}.` : `Did you mean '${guess}'?`
      throw refused(option, given, `has ${show(given)}, which is no limit`, advice)
    }
    if (limit === undefined) continue
    const [soft, hard] = pairOf(`${option}.${name}`, limit)
    limits.push({ name, soft, hard })
  }
  return Object.freeze(limits)
}

function pairOf(option: string, value: unknown): [number, number] {
  const pair: readonly unknown[] = Array.isArray(value) ? value : [value, value]
  const [soft, hard] = pair
  if (pair.length !== 2 || !isLimit(soft) || !isLimit(hard)) {
    throw invalid(option, value, 'an integer from 0 on or Infinity, or [soft, hard]')
  }
  if (soft > hard)
    throw refused(option, value, `has the soft limit ${soft}, which is above the hard limit ${hard}`)
  return [soft, hard]
}

function isLimit(value: unknown): value is number {
  return value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && Number(value) >= 0)
}

/** Descriptors from 3 on, each once. */
export function descriptorsValue(option: string, value: unknown): readonly number[] {
  if (!Array.isArray(value)) throw invalid(option, value, 'an array of descriptors')
  const list = Array.from<unknown>(value).map((fd) => {
    if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 3 && fd < 2 ** 31) return fd
    const [stdin, stdout, stderr] = [named('stdin'), named('stdout'), named('stderr')]
    const advice = say`Descriptors 0 to 2 are ${stdin}, ${stdout} and ${stderr}.`
    throw refused(option, value, `has ${show(fd)} in it, which is no descriptor from 3 on`, advice)
  })
  return Object.freeze([...new Set(list)])
}
