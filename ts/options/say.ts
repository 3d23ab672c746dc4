/** How a refused option is reported: its name, what was expected, what was given and what to do. */

import { inspect } from 'node:util'
import { InvalidOptionError } from '../errors.js'

/** Makes the error for an option whose value is not `expected` (a phrase that continues "must be"). */
export function invalid(option: string, value: unknown, expected: string, advice = ''): InvalidOptionError {
  return refused(option, value, `must be ${expected}, not ${show(value)}`, advice)
}

/** Makes the error of which `what` (a phrase that follows the option's name) and `advice` (sentences) are the text. */
export function refused(
  option: string,
  value: unknown,
  what: string,
  advice = '',
  cause?: unknown,
): InvalidOptionError {
  return new InvalidOptionError(`Option '${option}' ${what}.${advice && ` ${advice}`}`, {
    option,
    value,
    cause,
  })
}

/** Shows a value within a sentence: one line, never long. */
export function show(value: unknown): string {
  const options = { depth: 0, maxStringLength: 100, maxArrayLength: 3, breakLength: Infinity, compact: true }
  try {
    return inspect(value, options)
  } catch {
    // What it is asked for throws.
    return `one ${typeof value} that cannot be shown`
  }
}

/** The word that was probably meant: the same but for case, or at most two edits away. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  // In a word of three letters two edits leave nothing of what was meant.
  let limit = Math.min(2, Math.floor(word.length / 2))
  for (const candidate of known) {
    if (candidate.toLowerCase() === word.toLowerCase()) return candidate
    const edits = distance(word, candidate)
    if (edits < limit || (edits === limit && best === undefined)) {
      best = candidate
      limit = edits
    }
  }
  return best
}

/** How many letters must be replaced, added, left out or exchanged with their neighbour. */
function distance(a: string, b: string): number {
  // Keeps a pasted megabyte from costing anything: such a word is no misspelling.
  if (Math.abs(a.length - b.length) > 2) return Infinity
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity
      row.push(Math.min(replaced, exchanged, at(i - 1, j) + 1, at(i, j - 1) + 1))
    }
  }
  return at(a.length, b.length)
}
