/** Signals by name and number. Runs in both processes. */

import { IS_WINDOWS } from '../binding/platform.js'
import { signalNumbers } from '../binding/signal-numbers.js'
import { UnsupportedError } from '../errors.js'
import { didYouMean, errorOf, invalid, refusal, say, show, subject } from '../say.js'

/** Linux has the real-time signals too; elsewhere Node names all there are. */
const HIGHEST = process.platform === 'linux' ? 64 : 31

/** The C library's own on Linux (thread cancellation and `setuid` on all threads): sending one breaks the receiver. */
const RESERVED: readonly number[] = process.platform === 'linux' ? [32, 33] : []

/** The signals that other platforms have and Windows has not. */
const ELSEWHERE: readonly string[] = (
  'ABRT ALRM BREAK BUS CHLD CONT FPE ILL INFO IO IOT LOST PIPE POLL PROF PWR SEGV STKFLT STOP SYS TRAP TSTP ' +
  'TTIN TTOU UNUSED URG VTALRM WINCH XCPU XFSZ'
).split(' ')

/**
 * The number of a signal that is given by name (`'SIGTERM'`) or number.
 *
 * @throws InvalidOptionError naming `option` when there is no such signal; UnsupportedError when Windows has none
 */
export function signalNumber(signal: unknown, option: string, isWindows: boolean = IS_WINDOWS): number {
  if (typeof signal === 'string') {
    const known = signalNumbers(isWindows)
    const number = Object.hasOwn(known, signal) ? known[signal] : undefined
    if (number !== undefined) return number
    if (isWindows && ELSEWHERE.includes(signal.replace(/^SIG/, ''))) throw notOnWindows(signal, option)
    const problem = `there is no signal ${show(signal)}`
    const advice = suggestion(signal, Object.keys(known))
    throw refusal({ option, problem, advice, isClause: true }, { value: signal })
  }
  if (typeof signal !== 'number')
    throw invalid(option, signal, "a signal: a name such as 'SIGTERM', or a number")
  if (RESERVED.includes(signal)) {
    throw invalid(
      option,
      signal,
      'a signal that programs may use',
      'The C library keeps 32 and 33 for itself.',
    )
  }
  if (!Number.isInteger(signal) || signal < 1 || signal > HIGHEST) {
    throw invalid(option, signal, `a signal number from 1 to ${HIGHEST}`)
  }
  if (isWindows && !Object.values(signalNumbers(isWindows)).includes(signal))
    throw notOnWindows(signal, option)
  return signal
}

function notOnWindows(signal: string | number, option: string): UnsupportedError {
  const names = Object.keys(signalNumbers(true)).join(', ')
  return errorOf(
    say`${subject(option)}: ${show(signal)} is not supported on Windows. Give one of ${names}.`,
    (message) => new UnsupportedError(message, { feature: String(signal) }),
  )
}

/** The name of a signal; for a real-time signal its place, `'SIGRTMIN+3'`, as `kill -l` gives it. */
export function signalName(number: number, isWindows: boolean = IS_WINDOWS): string {
  // The first name is the usual one: SIGABRT stands before SIGIOT, SIGIO before SIGPOLL.
  const found = Object.entries(signalNumbers(isWindows)).find(([, other]) => other === number)?.[0]
  if (found !== undefined) return found
  if (process.platform !== 'linux' || number < 34 || number > HIGHEST) return `signal ${number}`
  return number === 34 ? 'SIGRTMIN' : `SIGRTMIN+${number - 34}`
}

function suggestion(word: string, known: readonly string[]): string {
  if (/^\d+$/.test(word)) return `A number is given as a number: ${Number(word)}.`
  // Without what they all begin with, which would make any two of them alike.
  const short = (name: string): string => name.toUpperCase().replace(/^SIG/, '')
  const guess = didYouMean(short(word), known.map(short))
  return guess === undefined ? '' : `Did you mean 'SIG${guess}'?`
}
