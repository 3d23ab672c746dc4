/** From the words of a command line to a verb's options. */

import { parseArgs } from 'node:util'
import { didYouMean } from '../options/say.js'
import { listed } from '../options/table.js'
import { UsageError } from './errors.js'
import { type Flag, OPTION_FLAGS } from './flags.js'

export type Value = string | boolean | readonly (string | boolean)[]
/** A flag's values: one, or a list where it may be given several times. */
export type Values = Readonly<Record<string, Value | undefined>>

/** A command line, taken apart. */
export interface Words {
  readonly values: Values
  /** What is no flag, before `--`. */
  readonly positionals: readonly string[]
  /** What follows `--`; undefined where there is none. */
  readonly rest: readonly string[] | undefined
}

/** Other ways to write a flag. */
const ALIASES: ReadonlyMap<string | undefined, string> = new Map([
  ['pidfile', 'pid-file'],
  ['pidfile-mode', 'pid-file-mode'],
])

/** What concerns the command: what follows `--` is the script's own. */
export function beforeEnd(args: readonly string[]): string[] {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? args.length : end)
}

/**
 * Takes the words after the verb apart.
 *
 * @throws UsageError naming the word that is wrong
 */
export function parse(args: readonly string[], flags: readonly Flag[]): Words {
  const before = beforeEnd(args)
  const rest = before.length === args.length ? undefined : args.slice(before.length + 1)
  const options = Object.fromEntries(flags.map((flag) => [flag.name, shape(flag)]))
  const { words, switches } = takeSwitches(before.map(unalias), flags)
  try {
    const { values, positionals } = parseArgs({
      args: joinDashes(words, flags),
      options,
      allowPositionals: true,
    })
    return { values: { ...values, ...switches }, positionals, rest }
  } catch (error) {
    throw usageError(error, flags)
  }
}

function shape({ value, short, collects }: Flag): {
  type: 'string' | 'boolean'
  short?: string
  multiple?: boolean
} {
  return {
    type: value === undefined ? 'boolean' : 'string',
    ...(short === undefined ? {} : { short }),
    ...(collects === undefined ? {} : { multiple: true }),
  }
}

function unalias(word: string): string {
  const [, name, value = ''] = /^--([^=]+)(=.*)?$/s.exec(word) ?? []
  const other = ALIASES.get(name)
  return other === undefined ? word : `--${other}${value}`
}

/**
 * `--core-dumps=false` takes back what is so by default, or in the program; of several the last counts. `parseArgs` has
 * no such values.
 */
function takeSwitches(
  args: readonly string[],
  flags: readonly Flag[],
): { words: string[]; switches: Record<string, boolean> } {
  const switches: Record<string, boolean> = {}
  const words = args.filter((word) => {
    const [, name, value] = /^--([^=]+)(?:=(true|false))?$/.exec(word) ?? []
    const flag = flags.find((one) => one.name === name && one.value === undefined && one.option !== undefined)
    if (flag === undefined || (value === undefined && switches[flag.name] === undefined)) return true
    switches[flag.name] = value !== 'false'
    return false
  })
  return { words, switches }
}

/** `--nice -5` is not ambiguous, for no flag begins with a digit; nor is `--exec-argv --no-warnings`. */
function joinDashes(args: readonly string[], flags: readonly Flag[]): string[] {
  const joined: string[] = []
  for (const word of args) {
    const before = joined.at(-1)
    const flag = flags.find(({ name, value }) => value !== undefined && before === `--${name}`)
    const belongs = flag?.value === 'FLAG' ? /^-/ : /^-\d/
    if (flag !== undefined && belongs.test(word)) joined[joined.length - 1] = `${before}=${word}`
    else joined.push(word)
  }
  return joined
}

function usageError(error: unknown, flags: readonly Flag[]): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const [, word = ''] = /'(-[^']*)'/.exec(error.message) ?? []
    if (OPTION_FLAGS.some(({ name }) => word === `--${name}`)) {
      return new UsageError(`${word} is no flag of this verb: leave it out`)
    }
    const names = flags.map(({ name }) => name)
    const guess = didYouMean(word.replace(/^-+/, ''), names)
    return new UsageError(`unknown flag ${word}${guess === undefined ? '' : `; did you mean --${guess}?`}`)
  }
  if (error.code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
    const [, word = ''] = /'(?:-\w, )?(--[\w-]+)/.exec(error.message) ?? []
    return new UsageError(
      takes(
        word,
        flags.find(({ name }) => `--${name}` === word),
      ),
    )
  }
  return error
}

/** Values that begin with a dash, or may. */
const DASHED = /^(?:FILE|DIR|TEXT|FLAG|USER|GROUP)$/

function takes(word: string, flag: Flag | undefined): string {
  if (flag?.value === undefined) {
    return `${word} takes no value${flag?.option === undefined ? '' : ' but true and false'}`
  }
  if (flag.choices !== undefined) return `${word} takes a value: ${listed(flag.choices)}`
  const dashed = DASHED.test(flag.value) ? `. One that begins with a dash: ${word}=-…` : ''
  return `${word} takes a value: ${word} ${flag.value}${dashed}`
}
