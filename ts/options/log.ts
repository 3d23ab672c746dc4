/** The option `log`: a path, or a file with its rotation. Runs in both processes. */

import { didYouMean, invalid, named, refused, say, show } from '../say.js'
import { refuseAbsent } from './absent.js'
import type { Row, RowWithDefault } from './row.js'
import type { Rotation, Stdio } from './settings.js'
import { booleanValue, modeValue, pathValue, stdioValue } from './values.js'

const MOST_KEPT = 999

type LogTable = {
  readonly [K in 'maxSize' | 'mode']: Row<number>
} & {
  readonly [K in 'keep' | 'compress']: RowWithDefault<Rotation[K]>
} & { readonly file: Row<string> }

/** The table of its parts, which are options by themselves: `log.maxSize` is `--log-max-size`. In the order of help. */
export const LOG_PARTS: LogTable = {
  // Its flag is that of the option.
  file: { check: pathValue, forms: [] },
  maxSize: {
    check: sizeValue,
    forms: [],
    flag: { value: 'BYTES', reads: 'bytes', help: 'rotate the log when it is that big' },
  },
  keep: {
    check: keepValue,
    default: 5,
    forms: [],
    flag: { value: 'N', reads: 'number', help: 'how many rotated logs to keep' },
  },
  compress: { check: booleanValue, default: false, forms: [], flag: { help: 'compress rotated logs' } },
  mode: {
    check: logModeValue,
    forms: [],
    // The core's, for a log that is made.
    flag: { value: 'OCTAL', reads: 'octal', help: 'mode of a new log (640)' },
  },
}

/** The parts of the option. */
export const KEYS: readonly string[] = Object.keys(LOG_PARTS)

/** The file of both outputs. Errors name its parts as `log.maxSize` and the like. */
export function logValue(option: string, value: unknown): Stdio {
  if (typeof value !== 'object' || value === null || value instanceof URL || Array.isArray(value)) {
    return stdioValue('log', value)
  }
  const source: Record<string, unknown> = { ...value }
  for (const [key, found] of Object.entries(source)) if (!KEYS.includes(key)) refuse(option, key, found)
  const part = <T>(key: Exclude<keyof LogTable, 'file'>, { check }: Row<T>): T | undefined => {
    if (source[key] === undefined) return undefined
    const value = check(`${option}.${key}`, source[key])
    refuseAbsent(`log.${key}`, value)
    return value
  }
  const path = LOG_PARTS.file.check(`${option}.file`, source.file)
  const mode = part('mode', LOG_PARTS.mode)
  const rotation = rotationValue(option, {
    maxSize: part('maxSize', LOG_PARTS.maxSize),
    keep: part('keep', LOG_PARTS.keep),
    compress: part('compress', LOG_PARTS.compress),
  })
  return {
    kind: 'file',
    path,
    option: 'log',
    ...(mode === undefined ? {} : { mode }),
    ...(rotation === undefined ? {} : { rotation }),
  }
}

function refuse(option: string, key: string, value: unknown): never {
  const guess = didYouMean(key, KEYS)
  const advice = guess === undefined ? `It has ${KEYS.join(', ')}.` : `Did you mean '${guess}'?`
  throw refused(`${option}.${key}`, value, 'is unknown', advice)
}

/** The settings of a rotation, where there is one. */
function rotationValue(
  option: string,
  { maxSize, keep, compress }: { [K in keyof Rotation]: Rotation[K] | undefined },
): Rotation | undefined {
  if (maxSize !== undefined) {
    const { keep: kept, compress: compressed } = LOG_PARTS
    return { maxSize, keep: keep ?? kept.default, compress: compress ?? compressed.default }
  }
  for (const [key, value] of Object.entries({ keep, compress })) {
    if (value === undefined) continue
    const maxSize = named(`${option}.maxSize`)
    const what = say`(${show(value)}) is for rotated logs, but there is no ${maxSize}, so nothing rotates`
    throw refused(`${option}.${key}`, value, what, say`Give ${maxSize} too, or leave it out.`)
  }
  return undefined
}

function sizeValue(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw invalid(option, value, 'a size in bytes, an integer from 1 on')
}

function keepValue(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_KEPT) return value
  throw invalid(option, value, `an integer from 1 to ${MOST_KEPT}`)
}

function logModeValue(option: string, value: unknown): number {
  const mode = modeValue(option, value)
  if ((mode & 0o600) === 0o600) return mode
  const what = `0o${mode.toString(8)} must let the owner read and write`
  throw refused(option, value, what, 'Give 0o600, 0o640 or 0o644.')
}
