/** Signals by name and number. Runs in both processes. */

import { didYouMean, invalid, refusal, show } from '../say.js'

/** By their names. Loaded with its first use: `node:os` would cost every import of the package 0.1 ms. */
function numbers(): Readonly<Record<string, number>> {
  return process.getBuiltinModule('node:os').constants.signals
}

/** Linux has the real-time signals too; elsewhere Node names all there are. */
const HIGHEST = process.platform === 'linux' ? 64 : 31

/** The C library's own on Linux (thread cancellation and `setuid` on all threads): sending one breaks the receiver. */
const RESERVED: readonly number[] = process.platform === 'linux' ? [32, 33] : []

/**
 * The number of a signal that is given by name (`'SIGTERM'`) or number.
 *
 * @throws InvalidOptionError naming `option` when this platform has no such signal
 */
export function signalNumber(signal: unknown, option: string): number {
  if (typeof signal === 'string') {
    const known = numbers()
    const number = Object.hasOwn(known, signal) ? known[signal] : undefined
    if (number !== undefined) return number
    const problem = `there is no signal ${show(signal)}`
    throw refusal({ option, problem, advice: suggestion(signal), isClause: true }, { value: signal })
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
  return signal
}

/** The name of a signal; for a real-time signal its place, `'SIGRTMIN+3'`, as `kill -l` gives it. */
export function signalName(number: number): string {
  // The first name is the usual one: SIGABRT stands before SIGIOT, SIGIO before SIGPOLL.
  const found = Object.entries(numbers()).find(([, other]) => other === number)?.[0]
  if (found !== undefined) return found
  if (process.platform !== 'linux' || number < 34 || number > HIGHEST) return `signal ${number}`
  return number === 34 ? 'SIGRTMIN' : `SIGRTMIN+${number - 34}`
}

function suggestion(word: string): string {
  if (/^\d+$/.test(word)) return `A number is given as a number: ${Number(word)}.`
  // Without what they all begin with, which would make any two of them alike.
  const short = (name: string): string => name.toUpperCase().replace(/^SIG/, '')
  const guess = didYouMean(short(word), Object.keys(numbers()).map(short))
  return guess === undefined ? '' : `Did you mean 'SIG${guess}'?`
}
