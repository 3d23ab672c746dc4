/** From the words of a command line to a verb's options. */

import { parseArgs } from 'node:util'
import { didYouMean, listed } from '../say.js'
import { UsageError } from './errors.js'
import { ALL_FLAGS, type Flag, OPTION_FLAGS } from './flags.js'

/** A flag's value: a text, a switch, or a list of texts. */
export type Value = string | boolean | readonly string[]
/** A flag's values: one, or a list where it may be given several times. */
export type Values = Readonly<Record<string, Value | undefined>>

/** A command line, taken apart. */
export interface Words {
  readonly values: Values
  /** The words before `--` that are no flags. */
  readonly positionals: readonly string[]
  /** The words after `--`; undefined without a `--`. */
  readonly rest: readonly string[] | undefined
}

/** Other ways to write a flag. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['pidfile', 'pid-file'],
  ['pidfile-mode', 'pid-file-mode'],
])

/** The words for the command: those after `--` are the script's. */
function beforeEnd(args: readonly string[]): string[] {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? args.length : end)
}

/** Whether a switch that every verb takes is among the words, even if other words are wrong. */
export function isAmong(name: 'json' | 'verbose', args: readonly string[]): boolean {
  const own = ALL_FLAGS.find((flag) => flag.name === name)
  // Most command lines have neither, and need not be taken apart to see that.
  const shorts = own?.short === undefined ? /^$/ : new RegExp(`^-[^-]*${own.short}`)
  if (!args.some((arg) => arg.startsWith(`--${name}`) || shorts.test(arg))) return false
  return tokensOf(beforeEnd(args), ALL_FLAGS).some((token) => {
    if (token.kind !== 'option') return false
    const flag = flagOf(token, ALL_FLAGS)
    // A flag without its value has taken the next flag for the value.
    const next = flag !== undefined && isMissing(token, flag) ? token.value : undefined
    return (
      (flag === own && token.inlineValue !== true) ||
      next === `--${name}` ||
      (next !== undefined && next === `-${own?.short}`)
    )
  })
}

/**
 * Takes the words after the verb apart. Of a flag that is given twice the last one counts.
 *
 * @throws UsageError naming the word that is wrong
 */
export function parse(args: readonly string[], flags: readonly Flag[]): Words {
  const before = beforeEnd(args)
  const rest = before.length === args.length ? undefined : args.slice(before.length + 1)
  const values: Record<string, Value> = Object.create(null)
  const positionals: string[] = []
  let last: Flag | undefined
  for (const token of tokensOf(before, flags)) {
    if (token.kind === 'positional') {
      refuseDetached(token.value, last)
      positionals.push(token.value)
      last = undefined
    }
    if (token.kind !== 'option') continue
    const flag = flagOf(token, flags)
    if (flag === undefined) throw unknown(token.rawName, flags)
    values[flag.name] = read(token, flag, values[flag.name])
    last = token.inlineValue === true ? undefined : flag
  }
  return { values, positionals, rest }
}

/** The positionals among words that may be wrong, and the names of the flags with a value. */
export function positionalsOf(
  args: readonly string[],
  flags: readonly Flag[],
): { positionals: readonly string[]; values: readonly string[] } {
  const tokens = tokensOf(args, flags)
  return {
    positionals: tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : [])),
    values: tokens.flatMap((token) => {
      const flag = token.kind === 'option' ? flagOf(token, flags) : undefined
      return flag?.value === undefined ? [] : [flag.name]
    }),
  }
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]
type Given = Extract<Token, { kind: 'option' }>

function tokensOf(args: readonly string[], flags: readonly Flag[]): readonly Token[] {
  const shapes = flags.map((flag) => [flag.name, shape(flag)] as const)
  const aliases = Array.from(ALIASES, ([alias]) => [alias, { type: 'string' }] as const)
  const options = Object.fromEntries([...shapes, ...aliases])
  return parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens
}

function shape({ value, short, isOptional }: Flag): { type: 'string' | 'boolean'; short?: string } {
  const type = value === undefined || isOptional === true ? 'boolean' : 'string'
  return short === undefined ? { type } : { type, short }
}

function flagOf(token: Given, flags: readonly Flag[]): Flag | undefined {
  return flags.find(({ name }) => name === (ALIASES.get(token.name) ?? token.name))
}

function read(token: Given, flag: Flag, before: Value | undefined): Value {
  const { value, inlineValue } = token
  if (flag.value === undefined) {
    if (inlineValue !== true) return true
    // `--core-dumps=false` takes back what is so by default, or in the program.
    if (flag.option === undefined || (value !== 'true' && value !== 'false')) throw takes(flag)
    return value === 'true'
  }
  if (flag.isOptional === true && inlineValue !== true) return 'true'
  if (value === undefined || isMissing(token, flag)) throw takes(flag)
  return flag.collects === undefined ? value : [...(Array.isArray(before) ? before : []), value]
}

/** `--nice -5` is not ambiguous, for no flag begins with a digit; nor is `--exec-argv --no-warnings`. */
function isMissing({ value, inlineValue }: Given, flag: Flag): boolean {
  if (flag.value === undefined || flag.isOptional === true || inlineValue === true) return false
  return value === undefined || (/^-./.test(value) && flag.value !== 'FLAG' && !/^-\d/.test(value))
}

/** A word after a flag whose value may be left out is none of its own, though it may look like it. */
function refuseDetached(word: string, flag: Flag | undefined): void {
  if (flag?.isOptional !== true || flag.choices?.includes(word) !== true) return
  throw new UsageError(`--${flag.name} takes its value by a sign: --${flag.name}=${word}`)
}

function unknown(word: string, flags: readonly Flag[]): UsageError {
  if (OPTION_FLAGS.some(({ name }) => word === `--${name}`)) {
    return new UsageError(`${word} is no flag of this verb: leave it out`)
  }
  const names = flags.map(({ name }) => name)
  const guess = didYouMean(word.replace(/^-+/, ''), names)
  return new UsageError(`unknown flag ${word}${guess === undefined ? '' : `; did you mean --${guess}?`}`)
}

/** Values that begin with a dash, or may. */
const DASHED: readonly string[] = ['FILE', 'DIR', 'TEXT', 'FLAG', 'USER', 'GROUP']

function takes({ name, value, option, choices }: Flag): UsageError {
  const word = `--${name}`
  if (value === undefined) {
    return new UsageError(`${word} takes no value${option === undefined ? '' : ' but true and false'}`)
  }
  if (choices !== undefined) return new UsageError(`${word} takes a value: ${listed(choices)}`)
  const dashed = DASHED.includes(value) ? `. One that begins with a dash: ${word}=-…` : ''
  return new UsageError(`${word} takes a value: ${word} ${value}${dashed}`)
}
