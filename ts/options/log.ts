/** The option `log`: a path, or a file with its rotation. */

import { didYouMean, invalid, named, refused, say, show } from './say.js'
import type { Rotation, Stdio } from './settings.js'
import { booleanValue, modeValue, pathValue, stdioValue } from './values.js'

/** The parts of the option. */
export const KEYS: readonly string[] = ['file', 'maxSize', 'keep', 'compress', 'mode']
const MOST_KEPT = 999

/** What both outputs go to. Its parts are named in errors as `log.maxSize` and the like. */
export function logValue(option: string, value: unknown): Stdio {
  if (typeof value !== 'object' || value === null || value instanceof URL || Array.isArray(value)) {
    return stdioValue('log', value)
  }
  const source: Record<string, unknown> = { ...value }
  for (const [key, found] of Object.entries(source)) if (!KEYS.includes(key)) refuse(option, key, found)
  const part = <T>(key: string, convert: (name: string, value: unknown) => T): T | undefined =>
    source[key] === undefined ? undefined : convert(`${option}.${key}`, source[key])
  const path = pathValue(`${option}.file`, source.file)
  const mode = part('mode', logModeValue)
  const rotation = rotationValue(option, {
    maxSize: part('maxSize', sizeValue),
    keep: part('keep', keepValue),
    compress: part('compress', booleanValue),
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
  throw refused(`${option}.${key}`, value, `is ${show(value)}, an unknown option`, advice)
}

/** The settings of a rotation, where there is one. */
function rotationValue(
  option: string,
  { maxSize, keep, compress }: { [K in keyof Rotation]: Rotation[K] | undefined },
): Rotation | undefined {
  if (maxSize !== undefined) return { maxSize, keep: keep ?? 5, compress: compress ?? false }
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
