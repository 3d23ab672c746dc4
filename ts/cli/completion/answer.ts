/**
 * Completes a command line: the hidden verb `__complete`, which the shells' scripts call. It looks at no daemon and no
 * file, so that it is quick. For names of files, users and daemons it tells the shells what to look up.
 */

import { signalNumbers } from '../../binding/signal-numbers.js'
import { COMMON_FLAGS, type Flag } from '../flags.js'
import { positionalsOf } from '../parse.js'
import type { Verb } from '../verbs/verb.js'

/** Not for people: it is in no list of verbs. */
export const COMPLETE = '__complete'

/** The words that the shells look up themselves. */
export type Source = ':files' | ':folders' | ':groups' | ':names' | ':users'

/** A word, with what it means where that is not plain. */
interface Word {
  readonly word: string
  readonly about?: string
}

/** Signals that may be given to stop a daemon. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']

/** By what stands for a flag's value in help. */
const BY_VALUE: Readonly<Record<string, Source | readonly string[]>> = {
  DIR: ':folders',
  FILE: ':files',
  GROUP: ':groups',
  NAME: ':names',
  SIG: STOP_SIGNALS,
  USER: ':users',
}

/**
 * The answer for the words from the verb up to the word to complete. Each line is a word, or a word, a tab and its
 * meaning, or a source.
 */
export function answer(words: readonly string[], verbs: readonly Verb[]): string[] {
  const [before, word] = [words.slice(0, -1), words.at(-1) ?? '']
  return candidates(before, word, verbs).flatMap((one) => {
    if (typeof one === 'string') return [one]
    if (!one.word.startsWith(valuePart(word))) return []
    return [one.about === undefined ? one.word : `${one.word}\t${one.about}`]
  })
}

type Candidates = readonly (Source | Word)[]

function candidates(before: readonly string[], word: string, verbs: readonly Verb[]): Candidates {
  const [name, ...given] = before
  const names = verbs.map((verb) => ({ word: verb.name, about: verb.summary }))
  if (name === undefined) return [...names, ...['help', '--help', '--version'].map((one) => ({ word: one }))]
  if (name === 'help') return given.length === 0 ? names : []
  const verb = verbs.find((one) => one.name === name)
  if (verb === undefined) return []
  if (given.includes('--')) return [':files']
  const flags = [...verb.flags, ...COMMON_FLAGS]
  const flag = flagBefore(given, word, flags)
  if (flag !== undefined) return valuesOf(flag)
  if (word.startsWith('-')) return flags.map((one) => ({ word: `--${one.name}`, about: one.help }))
  return operands(verb, given)
}

/** The part to complete: `ma` of `--ready=ma`. */
function valuePart(word: string): string {
  return /^--[^=]+=(.*)$/s.exec(word)?.[1] ?? word
}

/** The flag that the value being completed is for. */
function flagBefore(given: readonly string[], word: string, flags: readonly Flag[]): Flag | undefined {
  const isInline = valuePart(word) !== word
  const [written = ''] = isInline ? word.split('=') : [given.at(-1)]
  return flags.find(({ name, short, value, isOptional }) => {
    return (
      value !== undefined &&
      (isInline || isOptional !== true) &&
      (written === `--${name}` || written === `-${short}`)
    )
  })
}

function valuesOf({ value = '', choices, option }: Flag): Candidates {
  const known = choices ?? BY_VALUE[value] ?? []
  const inherit = option?.startsWith('std') === true ? [{ word: 'inherit' }] : []
  return [...inherit, ...listOf(known)]
}

/** The words of the verb that are no flags, in their places. A flag that says which daemon stands for its name. */
function operands({ operands = [], flags }: Verb, given: readonly string[]): Candidates {
  const { positionals, values } = positionalsOf(given, flags)
  const isNamed = values.includes('name') || values.includes('pid-file')
  const places = isNamed && operands[0] === ':names' ? operands.slice(1) : operands
  return listOf(places[positionals.length] ?? [])
}

function listOf(known: Source | readonly string[]): Candidates {
  return typeof known === 'string' ? [known] : known.map((word) => ({ word }))
}

/** All signals that can be sent, by name. */
export const SIGNALS: readonly string[] = Object.keys(signalNumbers())
