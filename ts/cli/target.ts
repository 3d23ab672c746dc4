/** The Daemon that a verb is about. */

import { lstatSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Daemon } from '../index.js'
import { makeFolder } from '../options/folder.js'
import type { DaemonOptions } from '../types/options.js'
import { CommandError, UsageError } from './errors.js'
import { optionsOf } from './options.js'
import type { Call } from './verb.js'

/** The Daemon to be controlled: of the embedding program, of the flags, or of the name that follows the verb. */
export function controlled(
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
  if (name?.includes('/'))
    throw new UsageError(`'${name}' is no name: a pidfile is given by --pid-file ${name}`)
  return new Daemon(named({ ...(name === undefined ? {} : { name }), ...options }))
}

/** The Daemon to be started, and the arguments of its `run`. In the foreground output stays where it is. */
export function startable(
  { words, daemon, program, verb }: Call,
  detaches: boolean,
): { daemon: Daemon; args: readonly string[] } {
  const rest = words.rest ?? []
  if (daemon !== undefined) {
    return { daemon: daemon.with(optionsOf(words.values)), args: [...words.positionals, ...rest] }
  }
  const example = `${program} ${verb} --name web server.js`
  const script = scriptOf(words.positionals, example)
  if (words.values.name === undefined && words.values['pid-file'] === undefined) {
    const why = verb === 'restart' ? ': daimon does not remember how it was started' : ''
    throw new UsageError(`give --name NAME and the script${why}. For example: ${example}`)
  }
  const options = optionsOf(words.values, detaches ? makeDefaultLog : undefined)
  refuseChroot(options)
  return { daemon: new Daemon({ ...options, script, scriptArgs: rest }), args: [] }
}

/** The one word that is no flag. */
export function scriptOf(words: readonly string[], example: string): string {
  const [script, ...more] = words
  if (script === undefined) throw new UsageError(`which script? For example: ${example}`)
  if (more.length > 0)
    throw new UsageError(
      `'${more[0]}' is one word too many: the name is given by --name, and arguments of the script follow --. For ` +
        `example: ${example} -- 8080`,
    )
  return script
}

/** What the command runs are plain scripts; a program that has a `run()` may have a flag for it. */
export function refuseChroot({ chroot }: DaemonOptions): void {
  if (chroot !== undefined) throw new UsageError('--chroot is not for scripts: leave it out')
}

function named(options: DaemonOptions): DaemonOptions {
  if (options.name !== undefined || options.pidFile !== undefined) return options
  throw new UsageError('which daemon? Give --name NAME or --pid-file FILE')
}

/** What people know it by. */
export function nameOf({ name, pidFile }: Daemon): string {
  return name ?? pidFile
}

function noMore(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`'${words[0]}' is one word too many`)
}

const ROOT_FOLDER = '/var/log/daimon'

/** Where a daemon logs whom nobody has told: so that `logs` always has something to show. */
export function defaultLog({ name, pidFile }: Daemon): string {
  const folder = isRoot() ? ROOT_FOLDER : dirname(pidFile)
  return join(folder, `${name ?? basename(pidFile).replace(/\.pid$/, '')}.log`)
}

function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** Makes the folder as the default folder of pidfiles is made; no other is made. */
function makeDefaultLog(options: DaemonOptions): string {
  const { name, pidFile } = options
  // Its place is all that is asked for: without the script some of the others would make no sense.
  const path = defaultLog(
    new Daemon({ ...(name === undefined ? {} : { name }), ...(pidFile === undefined ? {} : { pidFile }) }),
  )
  const folder = dirname(path)
  if (!isRoot() && options.pidFile !== undefined) return path
  try {
    makeFolder(folder, isRoot() ? 0o755 : 0o700)
  } catch (error) {
    const { message } = error instanceof Error ? error : { message: String(error) }
    throw new CommandError(`the folder ${folder} for the log cannot be made: ${message}. Give --log FILE`, {
      cause: error,
    })
  }
  refuseUnsafe(folder)
  return path
}

/** In a folder that others can write they could put what they like in the log's place. */
function refuseUnsafe(folder: string): void {
  const { uid, mode, isFolder } = lookAt(folder)
  const uids = [uid, lstatSync(folder).uid]
  const isOurs = uids.every((one) => one === process.geteuid?.()) && (mode & 0o022) === 0
  if (isFolder && isOurs) return
  const strangers = [...new Set(uids)].filter((one) => one !== process.geteuid?.())
  const what = !isFolder
    ? 'is not a folder'
    : strangers.length > 0
      ? `belongs to user ${strangers.join(' and ')}`
      : `can be written to by others (its mode is ${(mode & 0o777).toString(8)})`
  throw new CommandError(`the folder ${folder} for the log ${what}: put it right, or give --log FILE`)
}

/** Where a link leads, too. */
function lookAt(folder: string): { uid: number; mode: number; isFolder: boolean } {
  const found = statSync(folder, { throwIfNoEntry: false }) ?? lstatSync(folder)
  return { uid: found.uid, mode: found.mode, isFolder: found.isDirectory() }
}
