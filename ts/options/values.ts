/**
 * One function for each kind of value: returns the value checked and normalised, or throws InvalidOptionError.
 * Runs in both processes.
 */

import { fileURLToPath } from 'node:url'
import { IS_WINDOWS } from '../binding/platform.js'
import { isA } from '../handover/thrown.js'
import { either, invalid, refused, say, set, show } from '../say.js'
import { LONGEST_TIMER } from '../timer.js'
import type { Detach, Logger, RunFunction } from '../types/options.js'
import { absolutePath } from './current-folder.js'
import { NAME } from './places.js'
import type { Stdio } from './settings.js'

const WHOLE_NAME = new RegExp(`^${NAME}$`)

/** The prefix of the variable that hands lock and channel over to the daemon. */
const OWN_VARIABLES = 'DAIMON_'

/** More are hardly meant. */
const MOST_INSTANCES = 1_024

/** The names that Windows keeps for devices, whatever follows a dot. */
const DEVICE = /^(?:aux|con|nul|prn|com[0-9]|lpt[0-9])(?:\.|$)/i

/** The name of a daemon. */
export function nameValue(option: string, value: unknown, isWindows: boolean = IS_WINDOWS): string {
  if (typeof value === 'string' && WHOLE_NAME.test(value)) {
    if (!isWindows || !DEVICE.test(value)) return value
    throw refused(
      option,
      value,
      `must not be ${show(value)}, a device's name on Windows`,
      'Give another name.',
    )
  }
  const expected = 'a name of 1 to 64 letters, digits and any of ._@- that begins with a letter or digit'
  throw invalid(option, value, expected)
}

/** An absolute path from a path or a `file:` URL. */
export function pathValue(option: string, value: unknown): string {
  const path = isUrl(value) ? urlPath(option, value) : value
  if (typeof path !== 'string' || path === '') throw invalid(option, value, 'a path or a file: URL')
  if (path.includes('\0')) throw invalid(option, value, 'a path without NUL bytes')
  const found = absolutePath(path)
  if ('path' in found) return found.path
  throw refused(option, value, `(${show(value)}) ${found.why}`, 'Give an absolute path.', found.cause)
}

function isUrl(value: unknown): value is string | URL {
  return isA(value, URL) || (typeof value === 'string' && /^file:/i.test(value))
}

function urlPath(option: string, url: string | URL): string {
  try {
    return fileURLToPath(url)
  } catch (error) {
    throw refused(
      option,
      url,
      `must be a path or a file: URL of this machine, not ${show(String(url))}`,
      '',
      error,
    )
  }
}

/** The connection of a standard stream, from a path or 'inherit'. */
export function stdioValue(option: 'stdin' | 'stdout' | 'stderr' | 'log', value: unknown): Stdio {
  if (value === 'inherit' && option !== 'log') return { kind: 'inherit' }
  if (value === 'inherit' || value === 'ignore' || value === 'pipe' || value === 'overlapped') {
    // They are words of child_process, so a file of that name is hardly meant.
    const expected = option === 'log' ? 'a path' : "a path or 'inherit'"
    const flags = say`Give ${set('stdout', 'inherit')} and ${set('stderr', 'inherit')}`
    const both = either("Give stdout and stderr as 'inherit'", flags)
    const instead = option === 'log' ? say`${both}` : 'Leave it out for the null device'
    throw invalid(option, value, expected, say`${instead}, or write './${value}' for a file of that name.`)
  }
  return { kind: 'file', path: pathValue(option, value), option }
}

/** Permission bits. */
export function modeValue(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0o777) return value
  const advice = typeof value === 'string' && /^[0-7]{3,4}$/.test(value) ? `Give the number 0o${value}.` : ''
  throw invalid(option, value, 'an integer from 0 to 0o777', advice)
}

/** Permission bits: the owner reads and writes, others read at most. */
export function pidFileModeValue(option: string, value: unknown): number {
  const mode = modeValue(option, value)
  const octal = `0o${mode.toString(8)}`
  if ((mode & 0o022) !== 0) {
    const what = `${octal} lets others write the pidfile, and so choose who gets the daemon's signals`
    throw refused(option, value, what, 'Give 0o600, or 0o644 to let others read it.')
  }
  if ((mode & 0o600) !== 0o600) {
    throw refused(option, value, `${octal} must let the owner read and write`, 'Give 0o600 or 0o644.')
  }
  return mode
}

/** A time in milliseconds. */
export function timeValue(option: string, value: unknown): number {
  if (value === Infinity) return value
  if (typeof value === 'number' && value >= 0 && value <= LONGEST_TIMER) return value
  throw invalid(option, value, `a time in milliseconds, from 0 to ${LONGEST_TIMER}, or Infinity`)
}

/** How many lines. */
export function linesValue(option: string, value: unknown): number {
  if (value === Infinity) return value
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid(option, value, 'an integer from 0 on, or Infinity')
}

/** How many processes share the work. */
export function instancesValue(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_INSTANCES)
    return value
  throw invalid(option, value, `an integer from 1 to ${MOST_INSTANCES}`)
}

export function booleanValue(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(option, value, 'true or false')
}

export function detachValue(option: string, value: unknown): Detach {
  if (typeof value === 'boolean' || value === 'auto') return value
  throw invalid(option, value, "true, false or 'auto'")
}

export function titleValue(option: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value
  throw invalid(option, value, 'a string that is not empty and has no NUL bytes')
}

/** Changes of the environment. Messages show no values: they are often secret. */
export function envValue(option: string, value: unknown): Readonly<Record<string, string | undefined>> {
  if (!isRecord(value)) throw invalid(option, value, 'an object of variables')
  const env: [string, string | undefined][] = []
  for (const [name, content] of Object.entries(value)) {
    if (name === '' || /[=\0]/.test(name)) {
      throw refused(
        option,
        name,
        `has the name ${show(name)}`,
        "Names are not empty and have no '=' or NUL in them.",
      )
    }
    if ((IS_WINDOWS ? name.toUpperCase() : name).startsWith(OWN_VARIABLES)) {
      throw refused(
        option,
        name,
        `has ${name}`,
        `Names that begin with ${OWN_VARIABLES} belong to daimon itself.`,
      )
    }
    if (content !== undefined && typeof content !== 'string') {
      throw refused(option, content, `must give ${name} as a string or undefined, not a ${kind(content)}`)
    }
    if (content?.includes('\0')) throw refused(option, content, `has a NUL byte in ${name}`)
    env.push([name, content])
  }
  // Not by assignment: a variable may be called __proto__.
  return Object.freeze(Object.fromEntries(env))
}

/** Whether it is an object literal (of whichever realm), an object without prototype, or `process.env`. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  if (value === process.env) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null)
}

function kind(value: unknown): string {
  return value === null ? 'null' : typeof value
}

/** Strings without NUL bytes. */
export function stringsValue(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw invalid(option, value, 'an array of strings')
  // Array.from, since every() and the like pass over holes.
  const list = Array.from<unknown>(value)
  return Object.freeze(
    list.map((item, index) => {
      if (typeof item === 'string' && !item.includes('\0')) return item
      const strings = typeof item === 'string' ? 'strings without NUL bytes' : 'strings'
      throw refused(option, item, `must be an array of ${strings}, but item ${index} is ${show(item)}`)
    }),
  )
}

/** Arguments, or a function that gives them. */
export function argsValue(option: string, value: unknown): readonly unknown[] | (() => unknown) {
  if (Array.isArray(value)) return Object.freeze(Array.from<unknown>(value))
  if (isFunction(value)) return value
  throw invalid(option, value, 'an array, or a function that returns one')
}

function isFunction(value: unknown): value is () => unknown {
  return typeof value === 'function'
}

export function runValue(option: string, value: unknown): RunFunction {
  if (isRun(value)) return value
  throw invalid(option, value, 'a function')
}

function isRun(value: unknown): value is RunFunction {
  return typeof value === 'function'
}

export function loggerValue(option: string, value: unknown): Logger {
  if (isLogger(value)) return value
  throw invalid(option, value, 'an object with the functions debug, info, warn and error')
}

function isLogger(value: unknown): value is Logger {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return ['debug', 'info', 'warn', 'error'].every((level) => typeof Reflect.get(value, level) === 'function')
}

export function abortSignalValue(option: string, value: unknown): AbortSignal {
  if (isAbortSignal(value)) return value
  throw invalid(option, value, 'an AbortSignal')
}

/** By its shape, as Node does: test runners have an AbortSignal of their own in each realm. */
function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false
  return 'aborted' in value && 'addEventListener' in value && typeof value.addEventListener === 'function'
}
