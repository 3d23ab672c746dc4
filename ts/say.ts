/**
 * How errors speak of options. A text keeps the options that it names apart from its words, because the command calls
 * them by its flags. The command writes the text anew, so that it need not read a finished sentence.
 * Runs in both processes.
 */

import { inspect } from 'node:util'
import { type DaemonError, InvalidOptionError } from './errors.js'

/** An option within a text: by itself, or with the value that it has or should have. */
interface Named {
  readonly option: string
  readonly value: string | boolean | undefined
  /** Whether it begins the text, which is about it. */
  readonly isSubject: boolean
}

/** Words that differ for the reader of a program's errors and the reader of the command's. */
interface Either {
  readonly inProgram: Text
  readonly onCommandLine: Text
}

type Part = string | Named | Either

/** A text that keeps options apart from words. */
export type Text = string | readonly Part[]

/** How options are written. */
export interface Language {
  readonly isCommandLine: boolean
  /** An option that begins a text: what the text is about. */
  subject(option: string): string
  /** An option within a text; undefined: as the API writes it. */
  option(option: string, value: string | boolean | undefined): string | undefined
}

/** The language of the API, and of every `message`. */
const API: Language = {
  isCommandLine: false,
  subject: (option) => `Option '${option}'`,
  option: inApi,
}

function inApi(option: string, value: string | boolean | undefined): string {
  if (value === undefined) return `'${option}'`
  return typeof value === 'boolean' ? `'${option}: ${value}'` : `${option}: '${value}'`
}

/** A text with options, or further texts, in it. */
export function say(strings: TemplateStringsArray, ...values: readonly (Text | Named | Either)[]): Text {
  return strings.flatMap((string, at): readonly Part[] => [string, ...partsOf(values[at] ?? '')])
}

/** `'cwd'`, or `--cwd`. */
export function named(option: string): Named {
  return { option, value: undefined, isSubject: false }
}

/** `Option 'cwd'`, or `--cwd`. */
export function subject(option: string): Named {
  return { option, value: undefined, isSubject: true }
}

/** `stdout: 'inherit'`, or `--stdout inherit`. */
export function set(option: string, value: string | boolean): Named {
  return { option, value, isSubject: false }
}

/** Words for programs, and words for the command line. */
export function either(inProgram: Text, onCommandLine: Text): Either {
  return { inProgram, onCommandLine }
}

function partsOf(value: Text | Named | Either): readonly Part[] {
  return typeof value === 'string' || !isList(value) ? [value] : value
}

function isList(value: Text | Named | Either): value is readonly Part[] {
  return Array.isArray(value)
}

/** The text as a sentence of a language. */
export function written(text: Text, language: Language = API): string {
  if (typeof text === 'string') return text
  return text
    .map((part) => {
      if (typeof part === 'string') return part
      if ('option' in part) {
        const { option, value, isSubject } = part
        return isSubject ? language.subject(option) : (language.option(option, value) ?? inApi(option, value))
      }
      return written(language.isCommandLine ? part.onCommandLine : part.inProgram, language)
    })
    .join('')
}

/** The fault of an option, and advice. */
export interface Refusal {
  /** The subject. */
  readonly option: string
  /** The predicate, without a stop: `must be …`. */
  readonly problem: Text
  /** Whole sentences; empty where the problem says it all. */
  readonly advice?: Text
  /** Whether the problem is no predicate, but a sentence of its own: a colon precedes it then. */
  readonly isClause?: boolean
}

function refusalText(
  { option, problem, advice = '', isClause = false }: Refusal,
  language: Language,
): string {
  const subject = `${language.subject(option)}${isClause ? ':' : ''}`
  const cure = written(advice, language)
  return `${subject} ${written(problem, language)}.${cure && ` ${cure}`}`
}

/** The parts that the message of an error was made of, if it names options. */
const MADE_OF = new WeakMap<object, Refusal | Text>()

/** The message of an error in another language; undefined where it is the same in all. */
export function messageIn(language: Language, error: object): string | undefined {
  const made = MADE_OF.get(error)
  if (made === undefined) return undefined
  return isText(made) ? written(made, language) : refusalText(made, language)
}

function isText(made: Refusal | Text): made is Text {
  return typeof made === 'string' || Array.isArray(made)
}

/** Makes an error whose message names options, but has another subject. */
export function errorOf<E extends DaemonError>(text: Text, make: (message: string) => E): E {
  const error = make(written(text))
  MADE_OF.set(error, text)
  return error
}

/** Adds a sentence to the end of an error's message. */
export function addSentence(error: DaemonError, sentence: string): void {
  const { message, stack } = error
  const more = `${'.!?'.includes(message.at(-1) ?? ' ') ? '' : '.'} ${sentence}`
  error.message = `${message}${more}`
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message)
  const made = MADE_OF.get(error)
  if (made === undefined) return
  if (isText(made)) MADE_OF.set(error, say`${made}${more}`)
  // A refusal ends with a stop.
  else MADE_OF.set(error, { ...made, advice: say`${made.advice ?? ''}${made.advice ? ' ' : ''}${sentence}` })
}

/** Makes the error of a refused option. */
export function refusal(
  made: Refusal,
  extras: { value?: unknown; cause?: unknown; pidFile?: string | undefined } = {},
): InvalidOptionError {
  const error = new InvalidOptionError(refusalText(made, API), { option: made.option, ...extras })
  MADE_OF.set(error, made)
  return error
}

/** Makes the error for an option whose value is not `expected` (a phrase that continues "must be"). */
export function invalid(
  option: string,
  value: unknown,
  expected: Text,
  advice: Text = '',
): InvalidOptionError {
  return refused(option, value, say`must be ${expected}, not ${show(value)}`, advice)
}

/** Makes the error of a problem (a phrase that follows the option's name) and an advice (sentences). */
export function refused(
  option: string,
  value: unknown,
  problem: Text,
  advice: Text = '',
  cause?: unknown,
): InvalidOptionError {
  return refusal({ option, problem, advice }, { value, cause })
}

/** The most that is shown of a value, in characters. An object may have any number of properties. */
const LONGEST_SHOWN = 300

/** Shows a value within a sentence: one line, never long. */
export function show(value: unknown): string {
  // Given by mistake. What is in it is often secret.
  if (value === process.env) return 'process.env'
  const options = { depth: 0, maxStringLength: 100, maxArrayLength: 3, breakLength: Infinity, compact: true }
  try {
    // An error is shown with its stack.
    const line = inspect(value, options).replaceAll(/\s*\n\s*/g, ' ')
    return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line
  } catch {
    // A property of the value throws.
    return `one ${typeof value} that cannot be shown`
  }
}

/** The known word that was probably meant: it differs in case alone, or by at most two edits. */
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

/** Words to choose from: `auto, true or false`. */
export function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
