/** How a failure is told: in one line, in detail, as JSON. */

import { IS_WINDOWS, SUPERUSER } from '../binding/platform.js'
import { isA, isErrorLike, propertyOf, shown, textOf, messageOf as textOfThrown } from '../handover/thrown.js'
import type { DaemonErrorCode } from '../index.js'
import {
  DaemonError,
  InvalidOptionError,
  ReadyTimeoutError,
  StartFailedError,
  UnsupportedError,
} from '../index.js'
import { messageIn } from '../say.js'
import { CommandError } from './errors.js'
import type { Flag } from './flags.js'
import { languageOf } from './language.js'

/** Advice for errors whose message has none. */
const ADVICE: Readonly<Partial<Record<DaemonErrorCode, string>>> = {
  ERR_DAEMON_ALREADY_RUNNING: 'Stop it first, or wait for its end with --lock-timeout.',
  ERR_DAEMON_UNVERIFIED: IS_WINDOWS
    ? `Ask as its user, or as ${SUPERUSER}.`
    : `Ask from where it runs: from its container, as its user or as ${SUPERUSER}.`,
}

const ON_VERBOSE = '--verbose shows more.'

/** Advice that the verb alone can give, by the error. */
const ADVISED = new WeakMap<DaemonError, string>()

/** The error, to be told with this advice. */
export function advised<E extends DaemonError>(error: E, advice: string): E {
  ADVISED.set(error, advice)
  return error
}

/** How a failure is asked for: in short or in full, and by which flags the verb could be called. */
export interface Asked {
  readonly verbose: boolean
  readonly flags: readonly Flag[]
}

/** One line: what happened, and what to do. */
export function lineOf(error: unknown, { verbose, flags }: Asked, given?: string): string {
  const advice = given ?? adviceOf(error, verbose)
  const line = onOneLine(messageOf(error, flags), isA(error, UnsupportedError))
  if (advice === '') return line
  return `${line}${'.!?'.includes(line.at(-1) ?? ' ') ? '' : '.'} ${advice}`
}

/** @param isList - whether each line says something of its own, as what was tried */
function onOneLine(text: string, isList: boolean): string {
  return text.replaceAll(/(.?)[^\S\n]*\n\s*/g, (_, end: string) => {
    return `${end}${isList && !/[:.]/.test(end) ? '.' : ''} `
  })
}

function adviceOf(error: unknown, verbose: boolean): string {
  const ofVerb = isA(error, DaemonError) ? ADVISED.get(error) : undefined
  if (ofVerb !== undefined) return ofVerb
  // A message about an error of the system gives its own advice.
  const known = isA(error, DaemonError) && error.cause === undefined ? ADVICE[error.code] : undefined
  if (known !== undefined) return known
  // The line says all there is about a wrong option.
  const hasMore = !isA(error, InvalidOptionError) && detailsOf(error) !== ''
  return hasMore && !verbose ? ON_VERBOSE : ''
}

function messageOf(error: unknown, flags: readonly Flag[]): string {
  if (isA(error, DaemonError)) return messageIn(languageOf(flags), error) ?? error.message
  const message = textOfThrown(error)
  if (!isErrorLike(error) || isA(error, CommandError)) return message
  // An error of the body: its class is half of what it says.
  return `${textOf(error, 'name') ?? 'Error'}: ${message}`
}

/** Why, and the end of the log; empty where there is no more than the line. */
export function detailsOf(error: unknown): string {
  if (!isErrorLike(error)) return ''
  const parts: string[] = []
  if (!(isA(error, DaemonError) || isA(error, CommandError))) parts.push(stackOf(error))
  const told = isA(error, StartFailedError) || isA(error, ReadyTimeoutError)
  const log = told ? error.log : undefined
  // An uncaught error stands in the log, too, with the line that threw it.
  const cause = propertyOf(error, 'cause')
  const why = isErrorLike(cause) ? stackOf(cause) : ''
  if (why !== '' && !log?.includes(why)) parts.push(`cause: ${why}`)
  if (log !== undefined) parts.push(`end of the log:\n${log}`)
  return parts.map((part) => `${part.trimEnd().replaceAll(/^/gm, '  ')}\n`).join('')
}

function stackOf(error: unknown): string {
  return textOf(error, 'stack') ?? shown(error)
}

/** An error as JSON: its own properties, too, as far as JSON can hold them. A program's own error may be any object. */
export function plain(error: unknown, seen: readonly unknown[] = []): Record<string, unknown> {
  const message = textOfThrown(error)
  if (!isErrorLike(error)) return { message }
  const name = textOf(error, 'name') ?? 'Error'
  const cause = propertyOf(error, 'cause')
  const told = [...seen, error]
  const because = cause === undefined || told.includes(cause) ? {} : { cause: plain(cause, told) }
  return { ...ownOf(error), name, message, ...because }
}

/** The error's own properties, as JSON, without those that every error has and those that JSON cannot hold. */
function ownOf(error: unknown): Record<string, unknown> {
  const own: Record<string, unknown> = {}
  for (const key of keysOf(error)) {
    if (key === 'name' || key === 'message' || key === 'cause') continue
    try {
      const json = JSON.stringify(propertyOf(error, key))
      if (json !== undefined) own[key] = JSON.parse(json)
    } catch {
      // It holds itself, a bigint, or a getter that throws.
    }
  }
  return own
}

function keysOf(value: unknown): string[] {
  try {
    return Object.keys(Object(value))
  } catch {
    return []
  }
}
