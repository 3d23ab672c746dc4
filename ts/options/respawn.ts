/** The option `respawn`: when a daemon's program is started again, by a keeper. Runs in both processes. */

import { didYouMean, invalid, refused, show } from '../say.js'
import type { RespawnWhen } from '../types/options.js'
import type { Row, RowWithDefault } from './row.js'
import type { RespawnGiven, RespawnSettings } from './settings.js'
import { timeValue } from './values.js'

type RespawnTable = { readonly [K in keyof RespawnSettings]: RowWithDefault<RespawnSettings[K]> }

const WHEN = ['failure', 'always', 'never'] as const satisfies readonly RespawnWhen[]

/**
 * The table of its parts, which are options by themselves: `respawn.maxDelay` is `--respawn-max-delay`. In the order of
 * help.
 */
export const RESPAWN_PARTS: RespawnTable = {
  // Its flag is that of the option.
  on: { check: whenValue, default: 'failure', forms: [] },
  delay: {
    check: timeValue,
    default: 100,
    forms: [],
    flag: { value: 'MS', reads: 'milliseconds', help: 'pause before the second in a row, doubles' },
  },
  maxDelay: {
    check: timeValue,
    default: 30_000,
    forms: [],
    flag: { value: 'MS', reads: 'milliseconds', help: 'the longest pause' },
  },
  limit: {
    check: limitValue,
    default: 10,
    forms: [],
    flag: { value: 'N', reads: 'number', help: 'give up after so many in a row' },
  },
  window: {
    check: timeValue,
    default: 60_000,
    forms: [],
    flag: { value: 'MS', reads: 'milliseconds', help: 'ready for so long, a new row begins' },
  },
}

const KEYS: readonly string[] = Object.keys(RESPAWN_PARTS)

/** When and how often; false: no keeper. Errors name its parts as `respawn.limit` and the like. */
export function respawnValue(option: string, value: unknown): RespawnGiven {
  if (value === false) return false
  const given = value === true ? {} : typeof value === 'string' ? { on: whenValue(option, value) } : value
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid(option, value, "'failure', 'always', 'never', true, false, or an object")
  }
  const source: Record<string, unknown> = { ...given }
  for (const [key, found] of Object.entries(source)) if (!KEYS.includes(key)) refuse(option, key, found)
  const part = <T>(key: string, row: RowWithDefault<T> & Row<T>): T =>
    source[key] === undefined ? row.default : row.check(`${option}.${key}`, source[key])
  const { on, delay, maxDelay, limit, window } = RESPAWN_PARTS
  const settings = {
    on: part('on', on),
    delay: part('delay', delay),
    maxDelay: part('maxDelay', maxDelay),
    limit: part('limit', limit),
    window: part('window', window),
  }
  if (settings.delay > settings.maxDelay && source.maxDelay !== undefined) {
    const what = `(${show(settings.delay)}) is longer than maxDelay (${show(settings.maxDelay)})`
    throw refused(`${option}.delay`, settings.delay, what, 'Give a shorter one.')
  }
  return settings
}

function refuse(option: string, key: string, value: unknown): never {
  const guess = didYouMean(key, KEYS)
  const advice = guess === undefined ? `It has ${KEYS.join(', ')}.` : `Did you mean '${guess}'?`
  throw refused(`${option}.${key}`, value, 'is unknown', advice)
}

function whenValue(option: string, value: unknown): RespawnWhen {
  const found = WHEN.find((when) => when === value)
  if (found !== undefined) return found
  throw invalid(option, value, "'failure', 'always' or 'never'")
}

function limitValue(option: string, value: unknown): number {
  if (value === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1_000_000) return value
  throw invalid(option, value, 'an integer from 0 to 1000000, or Infinity')
}
