/** How a failure is told: in one line, in detail, as JSON. */

import type { DaemonErrorCode } from '../index.js'
import {
  DaemonError,
  InvalidOptionError,
  ReadyTimeoutError,
  StartFailedError,
  UnsupportedError,
} from '../index.js'
import { CommandError } from './errors.js'
import { type Flag, OPTION_FLAGS } from './flags.js'

/** What to do, where the message does not say so. */
const ADVICE: Readonly<Partial<Record<DaemonErrorCode, string>>> = {
  ERR_DAEMON_ALREADY_RUNNING: 'Stop it first, or wait for its end with --lock-timeout.',
  ERR_DAEMON_UNVERIFIED: 'Ask from where it runs: from its container, as its user or as root.',
}

const ON_VERBOSE = '--verbose shows more.'

/** What happened and what to do. */
export function lineOf(error: unknown, verbose: boolean, advice: string = adviceOf(error, verbose)): string {
  const message = messageOf(error).replaceAll(/(.?)[^\S\n]*\n\s*/g, (_, end: string) => {
    // A list of what was tried, in one line.
    return `${end}${error instanceof UnsupportedError && !/[:.]/.test(end) ? '.' : ''} `
  })
  if (advice === '') return message
  return `${message}${/[.!?]$/.test(message) ? '' : '.'} ${advice}`
}

function adviceOf(error: unknown, verbose: boolean): string {
  // What the system has refused says itself what to do about it.
  const known = error instanceof DaemonError && error.cause === undefined ? ADVICE[error.code] : undefined
  if (known !== undefined) return known
  // What the command line is to blame for is told in full by its line.
  const hasMore = !(error instanceof InvalidOptionError) && detailsOf(error) !== ''
  return hasMore && !verbose ? ON_VERBOSE : ''
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof DaemonError) return inFlags(error.message)
  // The body's own: its kind is half of what it says.
  return error instanceof CommandError ? error.message : `${error.name}: ${error.message}`
}

/** What the package calls an option, and the command takes as a word or a flag of its own. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['lines', '--lines'],
  ['script', 'The script'],
  ['signal', 'The signal'],
])

/** The options of the package by the flags that set them; `signals.SIGHUP` is a part of one. */
function inFlags(message: string): string {
  // A flag's value is no function.
  const said = message.replace(' must be a function or one of ', ' must be one of ')
  const valued = said.replaceAll(/\bready: '(\w+)'/g, '--ready $1')
  return valued.replaceAll(/(^Option |\b(?:[Gg]ive|contradicts|no) )'([\w.]+)'/g, (whole, before, option) => {
    const isSubject = before === 'Option '
    const word = isSubject ? WORDS.get(option) : undefined
    if (word !== undefined) return word
    const flagOf = (name: string): Flag | undefined => OPTION_FLAGS.find((one) => one.option === name)
    const flag = flagOf(option) ?? flagOf(option.replace(/\..*/, ''))
    if (flag === undefined) return whole
    return `${isSubject ? '' : before}--${flag.name}`
  })
}

/** Why, and the end of the log; empty where there is no more than the line. */
export function detailsOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const parts: string[] = []
  if (!(error instanceof DaemonError || error instanceof CommandError)) parts.push(`${error.stack}`)
  const told = error instanceof StartFailedError || error instanceof ReadyTimeoutError
  const log = told ? error.log : undefined
  // An uncaught error stands in the log, too, with the line that threw it.
  const why = error.cause instanceof Error ? `${error.cause.stack}` : ''
  if (why !== '' && !log?.includes(why)) parts.push(`cause: ${why}`)
  if (log !== undefined) parts.push(`end of the log:\n${log}`)
  return parts.map((part) => `${part.trimEnd().replaceAll(/^/gm, '  ')}\n`).join('')
}

/** An error as JSON: its own properties, too, as far as JSON can hold them. A program's own error may be any object. */
export function plain(error: unknown, seen: readonly unknown[] = []): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, cause, ...own } = error
  const writable = Object.entries(own).filter(([, value]) => isWritable(value))
  const told = [...seen, error]
  const because = cause === undefined || told.includes(cause) ? {} : { cause: plain(cause, told) }
  return { ...Object.fromEntries(writable), name, message, ...because }
}

function isWritable(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    // It holds itself, a bigint, or a getter that throws.
    return false
  }
}
