/** The command line: finds the verb, runs it, and gives the exit code. */

import { isA } from '../handover/thrown.js'
import { Daemon, DaemonError } from '../index.js'
import { didYouMean } from '../say.js'
import type { Logger } from '../types/options.js'
import { answer, COMPLETE } from './completion/answer.js'
import { InterruptedError, UsageError } from './errors.js'
import { failureCode, INTERRUPTED, OK, USAGE } from './exit-codes.js'
import { COMMON_FLAGS, type Flag, usable } from './flags.js'
import { overview, verbHelp } from './help.js'
import { Output } from './output.js'
import { isAmong, parse } from './parse.js'
import { VERBS } from './verbs/index.js'
import type { Verb } from './verbs/verb.js'

export { VERBS }

/** The program that the command line belongs to. */
export interface Caller {
  readonly program: string
  /** The Daemon of an embedding program: its verbs take no name. */
  readonly daemon?: Daemon
  /** The logger of that Daemon. */
  readonly logger?: Logger | undefined
  /** In a daemon without a body yet: the launcher has printed everything. */
  readonly quiet?: boolean
  /** In a script that was started as a daemon, before it is ready: a verb that fails is the failure of that start. */
  readonly isBeginning?: boolean
}

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/**
 * Runs a command line.
 *
 * @returns the exit code, as `process.exitCode`, too
 */
export async function main(argv: readonly string[], caller: Caller): Promise<number> {
  if (argv[0] === COMPLETE && caller.daemon === undefined) return complete(argv.slice(1))
  const out = new Output({
    program: caller.program,
    json: isAmong('json', argv),
    verbose: isAmong('verbose', argv),
    quiet: caller.quiet === true,
    isOwnProcess: caller.daemon === undefined,
    flags: [],
  })
  const wasDaemon = Daemon.current !== undefined
  const code = await ended(out, await command(argv, caller, out), argv[0])
  // A daemon's end has a code of its own.
  if (wasDaemon) {
    if (caller.isBeginning === true && code !== OK) process.exitCode ??= code
    return code
  }
  const self = Daemon.current
  if (self === undefined) process.exitCode = code
  // Work that the body has begun would keep the process of a failed daemon alive.
  else if (code !== OK) await self.stop(code)
  return code
}

/** Answers a shell in the middle of a line. Errors print nothing. */
function complete(words: readonly string[]): number {
  process.stdout.on('error', () => {})
  process.stdout.write(
    answer(words, VERBS)
      .map((line) => `${line}\n`)
      .join(''),
  )
  return OK
}

/** A verb has failed if its output could not be written. */
async function ended(out: Output, code: number, verb: string | undefined): Promise<number> {
  const failure = await out.end()
  if (failure === undefined) return code
  out.failure(failure, 'Make room for the output, or send it elsewhere.')
  await out.end()
  return code === OK ? failureCode(undefined, verb) : code
}

async function command(argv: readonly string[], caller: Caller, out: Output): Promise<number> {
  const { program, daemon, logger } = caller
  const [word, ...args] = argv
  const verbs = daemon === undefined ? VERBS : VERBS.filter(({ embedded }) => embedded !== undefined)
  // A program has a version of its own.
  if (word === '--version' && daemon === undefined) {
    out.data({ version: DAIMON_VERSION }, DAIMON_VERSION)
    return OK
  }
  const isHelp = word === '--help' || word === '-h' || word === 'help'
  const name = isHelp ? args.find((arg) => !arg.startsWith('-')) : word
  const verb = verbs.find((one) => one.name === name)
  try {
    if (isHelp && name === undefined) {
      const text = overview(program, verbs, daemon === undefined)
      out.data({ text }, text)
      return OK
    }
    if (verb === undefined) throw unknownVerb(name, verbs)
    const form = daemon === undefined ? verb.form : (verb.embedded ?? verb.form)
    const flags = flagsOf(verb, daemon)
    out.offers(flags)
    const words = parse(isHelp ? ['--help'] : args, flags)
    if (words.values.help === true) {
      const text = verbHelp(program, verb, form, flags)
      out.data({ text }, text)
      return OK
    }
    return await verb.run({ program, verb: verb.name, words, out, daemon, logger })
  } catch (error) {
    return failed(error, verb?.name, program, out)
  }
}

function failed(error: unknown, verb: string | undefined, program: string, out: Output): number {
  if (isA(error, UsageError)) {
    out.failure(error, `See "${program} ${verb === undefined ? '' : `${verb} `}--help".`)
    return USAGE
  }
  out.failure(error)
  if (isA(error, InterruptedError)) return INTERRUPTED
  return failureCode(isA(error, DaemonError) ? error.code : undefined, verb)
}

function flagsOf(verb: Verb, daemon: Daemon | undefined): readonly Flag[] {
  const flags = daemon === undefined ? verb.flags : usable(verb.flags, 'embedded')
  return [...flags, ...COMMON_FLAGS]
}

function unknownVerb(word: string | undefined, verbs: readonly Verb[]): UsageError {
  const names = verbs.map(({ name }) => name)
  const all = `one of ${names.join(', ')}`
  if (word === undefined) return new UsageError(`which verb? ${all}`)
  if (word.startsWith('-')) return new UsageError(`the verb comes first, then ${word}: ${all}`)
  const guess = didYouMean(word, names) ?? names.find((name) => word !== '' && name.startsWith(word))
  return new UsageError(`unknown verb '${word}'; ${guess === undefined ? all : `did you mean '${guess}'?`}`)
}
