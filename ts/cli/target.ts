/** The Daemon that a verb is about. */

import { lstatSync, statSync } from 'node:fs'
import { dirname, sep } from 'node:path'
import { explainDenial, isDenied } from '../binding/denied.js'
import { isError } from '../binding/node-errors.js'
import { IS_WINDOWS } from '../binding/platform.js'
import { Daemon } from '../index.js'
import { isReadOnly, makeDefault } from '../options/folder.js'
import { defaultLogFile, defaultPidFile, homeAdvice, isLogFolderMade } from '../options/places.js'
import type { DaemonOptions } from '../types/options.js'
import { CommandError, UsageError } from './errors.js'
import { optionsOf } from './options.js'
import type { Words } from './parse.js'
import type { Call } from './verbs/verb.js'

/** The Daemon to control: the embedding program's, or the Daemon of the flags, or of the name that follows the verb. */
export function daemonToControl(
  { words, daemon }: Call,
  positionals: readonly string[] = words.positionals,
): Daemon {
  const options = optionsOf(words.values)
  const [name, ...more] = positionals
  if (daemon !== undefined) {
    noMore(positionals)
    return daemon.with(options)
  }
  noMore(more)
  if (name !== undefined && options.name !== undefined) {
    const lines = /^\d+$/.test(options.name) ? `. A number of lines is --lines ${options.name}` : ''
    throw new UsageError(`'${name}' is one name too many: --name ${options.name} is given, too${lines}`)
  }
  if (name !== undefined && (name.includes('/') || name.includes(sep)))
    throw new UsageError(`'${name}' is no name: a pidfile is given by --pid-file ${name}`)
  return new Daemon(named({ ...(name === undefined ? {} : { name }), ...options }))
}

/** The Daemon to start, and the arguments of its `run`. In the foreground, output stays where it is. */
export function daemonToStart(
  { words, daemon, program, verb }: Call,
  detaches: boolean,
): { daemon: Daemon; args: readonly string[] } {
  if (daemon !== undefined) {
    const { positionals, rest = [] } = words
    return { daemon: daemon.with(optionsOf(words.values)), args: [...positionals, ...rest] }
  }
  const example = `${program} ${verb} --name web server.js`
  const what = bodyOf(words, example)
  if (words.values.name === undefined && words.values['pid-file'] === undefined) {
    const why = verb === 'restart' ? ': daimon does not remember how it was started' : ''
    throw new UsageError(`give --name NAME and the script${why}. For example: ${example}`)
  }
  const options = optionsOf(words.values, detaches ? makeDefaultLog : undefined)
  if ('script' in what) refuseChroot(options)
  return { daemon: new Daemon({ ...options, ...what }), args: [] }
}

/** The words of a command line that say what is to run. */
export type BodyWords =
  | { readonly script: string; readonly scriptArgs: readonly string[] }
  | { readonly program: string; readonly programArgs: readonly string[] }

/** The script with its arguments; or, where no word is before `--`, any program with its own. */
export function bodyOf(
  { positionals, rest = [] }: Pick<Words, 'positionals' | 'rest'>,
  example: string,
): BodyWords {
  const [program, ...programArgs] = rest
  if (positionals.length === 0 && program !== undefined) return { program, programArgs }
  return { script: scriptOf(positionals, example), scriptArgs: rest }
}

/** The one word that is no flag. */
export function scriptOf(words: readonly string[], example: string): string {
  const [script, ...more] = words
  if (script === undefined)
    throw new UsageError(`which script? Or any program, after --. For example: ${example}`)
  if (more.length > 0)
    throw new UsageError(
      `'${more[0]}' is one word too many: the name is given by --name, and arguments of the script follow --. For ` +
        `example: ${example} -- 8080`,
    )
  return script
}

/** The command runs plain scripts, which have no chroot. A program with a `run()` may take the flag. */
export function refuseChroot({ chroot }: DaemonOptions): void {
  if (chroot !== undefined) throw new UsageError('--chroot is not for scripts: leave it out')
}

function named(options: DaemonOptions): DaemonOptions {
  if (options.name !== undefined || options.pidFile !== undefined) return options
  throw new UsageError('which daemon? Give --name NAME or --pid-file FILE')
}

/** The name, or else the pidfile. */
export function nameOf({ name, pidFile }: Daemon): string {
  return name ?? pidFile
}

function noMore(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`'${words[0]}' is one word too many`)
}

/** The default folder of pidfiles: where any name would have its own. */
export function ownFolder(): string {
  return defaultPidFile('any').defaultFolder
}

/** The log of a daemon that was given none, so that `logs` always has something to show. */
export function defaultLog(daemon: Daemon): string {
  return defaultLogFile(daemon, ownFolder)
}

/** Makes the folder as the default folder of pidfiles is made; no other is made. */
function makeDefaultLog({ name, pidFile }: DaemonOptions): string {
  // Only to learn the log's place: without the script some of the other options would make no sense.
  const daemon = new Daemon({
    ...(name === undefined ? {} : { name }),
    ...(pidFile === undefined ? {} : { pidFile }),
  })
  const path = defaultLog(daemon)
  if (!isLogFolderMade(pidFile)) return path
  const folder = dirname(path)
  try {
    makeDefault(folder, daemon.pidFile)
    refuseUnsafe(folder, daemon.pidFile)
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(noLogFolder(folder, daemon.pidFile, error), { cause: error })
  }
  return path
}

function noLogFolder(folder: string, pidFile: string, error: unknown): string {
  const pidFolder = dirname(pidFile)
  // Both at once: otherwise the same lesson would have to be learnt twice.
  if (pidFolder !== folder && isReadOnly(folder) && isReadOnly(pidFolder)) {
    const both = `the folders ${folder} for the log and ${pidFolder} for the pidfile`
    const advice = `give --log FILE and --pid-file FILE, or ${homeAdvice()}`
    return `${both} cannot be made on a read-only file system (EROFS): ${advice}`
  }
  const { message } = isError(error) ? error : { message: String(error) }
  const why = isDenied(error) ? explainDenial(error, folder) : message
  const what = `the folder ${folder} for the log cannot be made: ${why}`
  return `${what}; ${elsewhere(folder, pidFile)}, or ${homeAdvice()}`
}

/** In the same folder the pidfile would be the next to fail. */
function elsewhere(folder: string, pidFile: string): string {
  return dirname(pidFile) === folder ? 'give --log FILE and --pid-file FILE' : 'give --log FILE'
}

/** Refuses a folder that others can write to: they could put another file in the log's place. */
function refuseUnsafe(folder: string, pidFile: string): void {
  const { uid, mode, isFolder } = factsOf(folder)
  // Windows keeps owner and rights elsewhere, where Node.js does not look.
  if (isFolder && IS_WINDOWS) return
  const uids = [uid, lstatSync(folder).uid]
  const isOurs = uids.every((one) => one === process.geteuid?.()) && (mode & 0o022) === 0
  if (isFolder && isOurs) return
  const strangers = [...new Set(uids)].filter((one) => one !== process.geteuid?.())
  const what = !isFolder
    ? 'is not a folder'
    : strangers.length > 0
      ? `belongs to user ${strangers.join(' and ')}`
      : `can be written to by others (its mode is ${(mode & 0o777).toString(8)})`
  throw new CommandError(
    `the folder ${folder} for the log ${what}: put it right, or ${elsewhere(folder, pidFile)}`,
  )
}

/** Where a link leads, too. */
function factsOf(folder: string): { uid: number; mode: number; isFolder: boolean } {
  const found = statSync(folder, { throwIfNoEntry: false }) ?? lstatSync(folder)
  return { uid: found.uid, mode: found.mode, isFolder: found.isDirectory() }
}
