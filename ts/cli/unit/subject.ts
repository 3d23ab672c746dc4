/** The daemon of a unit, and the command in the unit. */

import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Daemon } from '../../index.js'
import { absolutePath } from '../../options/current-folder.js'
import type { DaemonOptions } from '../../types/options.js'
import { UsageError } from '../errors.js'
import { type Flag, OPTION_FLAGS } from '../flags.js'
import type { Value, Values } from '../parse.js'

/** The daemon that the file is for. */
export interface Subject {
  readonly name: string
  /** The options from the flags. */
  readonly options: DaemonOptions
  readonly values: Values
  /** The Daemon itself, to ask for its pidfile. */
  readonly daemon: Daemon
  /** Absolute, as all paths; empty where none is needed. */
  readonly script: string
  /** Instead of a script: the absolute path of a program that the supervisor runs itself. */
  readonly program?: string
  readonly args: readonly string[]
  /** The daemon's current folder. @throws UsageError where there is none */
  folder(): string
}

/**
 * The pidfile of a systemd service with a user. It is in a folder that systemd makes: the user cannot write to root's.
 */
export function servicePidFile(name: string): string {
  return `/run/${serviceFolder(name)}/${name}.pid`
}

/** systemd's `RuntimeDirectory`. */
export function serviceFolder(name: string): string {
  return `daimon-${name}`
}

/** This very command, as it is called again, by absolute paths. */
export function ownCommand({ execPath, execArgv }: DaemonOptions = {}): string[] {
  const program = execPath === undefined ? process.execPath : absolute(String(execPath))
  return [program, ...(execArgv ?? []), realpathSync(process.argv[1] ?? '')]
}

/** Flags that are elsewhere in the command, are settings of every supervisor, or mean nothing in the foreground. */
const NOT_FOR_RUN = ['exec-path', 'exec-argv', 'cwd', 'chroot', 'name']

/**
 * The command that runs the daemon in the foreground.
 *
 * @param done - the flags of what the supervisor sets up itself
 * @param more - further flags
 */
export function runCommand(
  subject: Subject,
  done: readonly string[],
  more: readonly string[] = [],
): string[] {
  const { options, values, name, script, args } = subject
  // --clean-env also removes the variables that the supervisor has set: they are given again.
  const elsewhere = [...NOT_FOR_RUN, ...done.filter((flag) => flag !== 'env' || options.cleanEnv !== true)]
  const flags = OPTION_FLAGS.filter(({ name }) => !elsewhere.includes(name))
  const words = flags.flatMap((flag) => wordsOf(flag, values[flag.name]))
  // The journal is where people look for causes: hence --verbose.
  const end = args.length > 0 ? ['--', ...args] : []
  return [...ownCommand(options), 'run', '--name', name, ...words, '--verbose', ...more, script, ...end]
}

/**
 * Refuses flags that nothing in the file of a program stands for.
 *
 * @param done - the flags that have a setting there
 */
export function refuseOthers({ values }: Subject, supervisor: string, done: readonly string[]): void {
  const flag = OPTION_FLAGS.find(({ name }) => values[name] !== undefined && !done.includes(name))
  if (flag === undefined) return
  throw new UsageError(
    `${supervisor} itself runs the program, and has nothing like --${flag.name}: leave it out`,
  )
}

/** Refuses a program of any kind where only this command can run the daemon. */
export function refuseAnyProgram({ program }: Subject, supervisor: string): void {
  if (program === undefined) return
  const what = `unit ${supervisor} is for scripts, which this command runs`
  throw new UsageError(`${what}: a program that ${supervisor} is to run needs nothing of daimon`)
}

/** Refuses a second respawning beside that of a supervisor. @param setting - the supervisor's own */
export function refuseRespawn({ values }: Subject, supervisor: string, setting: string): void {
  const flag = OPTION_FLAGS.find(
    ({ name, option = '' }) => /^respawn\b/.test(option) && values[name] !== undefined,
  )
  if (flag === undefined || values[flag.name] === 'false') return
  throw new UsageError(`${supervisor} itself starts it again, by ${setting}: leave --${flag.name} out`)
}

function wordsOf({ name, value }: Flag, given: Value | undefined): string[] {
  if (given === undefined) return []
  if (typeof given === 'boolean') return given ? [`--${name}`] : [`--${name}=false`]
  const texts = typeof given === 'string' ? [given] : given.map(String)
  return texts.flatMap((text) => {
    const shown = value === 'FILE' || value === 'DIR' ? absolute(text) : text
    return shown.startsWith('-') ? [`--${name}=${shown}`] : [`--${name}`, shown]
  })
}

/** @throws UsageError for a relative path where the current folder has been removed */
export function absolute(path: string): string {
  if (path === 'inherit') return path
  if (/^file:/i.test(path)) return fileURLToPath(path)
  const found = absolutePath(path)
  if ('path' in found) return found.path
  throw new UsageError(`'${path}' ${found.why}: give an absolute path`)
}

/** The file of the output, if a flag names one. */
export function logFile({ values: { log, stdout } }: Subject): string | undefined {
  const file = log ?? stdout
  return typeof file === 'string' && file !== 'inherit' ? absolute(file) : undefined
}

/** Refuses control characters, which some files have no way to write. */
export function onOneLine(text: string, what: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression looks for control characters
  if (!/[\u0000-\u001f\u007f]/.test(text)) return text
  throw new UsageError(`${what} has a control character in it, which cannot be written there: rename it`)
}
