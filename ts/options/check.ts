/**
 * What the system is asked about options: the user's home, and before a start the paths; the one folder that is made.
 */

import { accessSync, constants, lstatSync, type Stats, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { PidFileError } from '../errors.js'
import { native } from '../native.js'
import { checkAccess, ENTER, type Identity, WRITE } from './access.js'
import { isSystemError, makeFolder } from './folder.js'
import { refused, show } from './invalid.js'
import type { FileStdio, Given, Rotation, Settings } from './settings.js'

/**
 * Asks the system about the paths that a start needs. It is for the verbs that start, before anything else: a Daemon
 * that only controls needs none of them, and the logs are opened by the core.
 *
 * @param identity - whose rights the daemon takes; without it, this process's
 * @throws InvalidOptionError naming option and value, with the system error as `cause`
 */
export function checkOptions(settings: Settings, identity?: Identity): void {
  const { script, cwd } = settings
  const { execPath } = settings.given
  const { chroot } = settings.process
  if (script !== undefined)
    checkPath('script', script, 'file', constants.R_OK, 'must be a file that can be read')
  if (execPath !== undefined)
    checkPath('execPath', execPath, 'file', constants.X_OK, 'must be a file that can be executed')
  if (chroot !== undefined)
    checkPath('chroot', chroot, 'folder', constants.X_OK, 'must be a folder that can be entered')
  const entered = chroot === undefined ? cwd : join(chroot, cwd)
  checkPath('cwd', entered, 'folder', constants.X_OK, 'must be a folder that can be entered', cwd)
  // What a file must not be the core says in full; here it is found before a restart has stopped anything.
  const { stdin, stdout, stderr } = settings.stdio
  if (stdin.kind === 'file')
    checkPath('stdin', stdin.path, undefined, constants.R_OK, 'must be a file that can be read')
  for (const stream of new Set([stdout, stderr])) {
    if (stream.kind !== 'file') continue
    checkOutput(stream)
    if (stream.rotation !== undefined) checkRotation(stream, stream.rotation, chroot, identity)
  }
}

/** A file to append to needs its folder, which must be writable where the file is not there yet. */
function checkOutput({ option, path }: FileStdio): void {
  const folder = dirname(path)
  checkPath(
    option,
    folder,
    'folder',
    constants.X_OK,
    'must be in a folder that exists and can be entered',
    path,
  )
  const [asked, what] = isThere(option, path)
    ? [path, 'must be a file that can be written to']
    : [folder, 'must be in a folder that can be written to, to be made there']
  refuseUnless(option, path, what, () => checkAccess(asked, WRITE, undefined))
}

/** Who rotates is the daemon, with its own rights. */
function checkRotation(
  { path }: FileStdio,
  { maxSize }: Rotation,
  chroot: string | undefined,
  identity: Identity | undefined,
): void {
  const option = 'log.maxSize'
  if (chroot !== undefined) {
    const what = `contradicts 'chroot' (${show(chroot)}), in which the log's path leads nowhere`
    throw refused(option, maxSize, what, 'Leave one of them out.')
  }
  if (lookAt(option, path)?.isCharacterDevice() === true) {
    throw refused(option, maxSize, `needs a log that is a regular file, but ${show(path)} is a device`)
  }
  const misplaced = identity?.uid === undefined ? native().checkRotation(path) : null
  if (misplaced !== null) {
    throw refused(option, maxSize, `is not possible: ${misplaced.message.replace(/^option [\w.]+: /, '')}`)
  }
  const what = `needs the folder of the log ${show(path)} to be writable by the daemon`
  refuseUnless(option, maxSize, what, () => checkAccess(dirname(path), WRITE | ENTER, identity))
}

function refuseUnless(option: string, value: unknown, what: string, ask: () => void): void {
  try {
    ask()
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw refused(option, value, `${what}: ${error.message}`, '', error)
  }
}

function lookAt(option: string, path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    const what = `must be a file that can be examined, but ${show(path)} is not`
    throw refused(
      option,
      path,
      `${what}: ${error instanceof Error ? error.message : String(error)}`,
      '',
      error,
    )
  }
}

/** It is a regular file, a character device, or not there yet. Never opened here: a FIFO would wait. */
function isThere(option: string, path: string): boolean {
  const found = lookAt(option, path)
  if (found === undefined) return false
  if (found.isFile() || found.isCharacterDevice()) return true
  const what = found.isSymbolicLink()
    ? 'a symbolic link'
    : found.isDirectory()
      ? 'a folder'
      : 'a FIFO or a socket'
  throw refused(
    option,
    path,
    `must be a regular file, but ${show(path)} is ${what}`,
    'Give the path of a file.',
  )
}

function checkPath(
  option: string,
  path: string,
  kind: 'file' | 'folder' | undefined,
  access: number,
  what: string,
  value: string = path,
): void {
  try {
    const found = statSync(path)
    const fits = kind === undefined || (kind === 'file' ? found.isFile() : found.isDirectory())
    if (!fits) {
      throw refused(
        option,
        value,
        `${what}, but ${show(path)} is ${found.isDirectory() ? 'a folder' : 'something else'}`,
      )
    }
    accessSync(path, access)
  } catch (error) {
    if (!isSystemError(error)) throw error
    // The path has just been told.
    const why = path === value ? error.message.replace(`, ${error.syscall} '${path}'`, '') : error.message
    throw refused(option, value, `${what}, but ${show(value)} is not: ${why}`, '', error)
  }
}

/**
 * Where the pidfile is. The login's environment has no say: a login, cron and `su` must find the same file.
 *
 * @throws InvalidOptionError when the options do not tell, and the passwd entry neither
 */
export function pidFileOf(
  given: Pick<Given, 'name' | 'pidFile'>,
): Pick<Settings, 'pidFile' | 'defaultFolder'> {
  if (given.pidFile !== undefined) return { pidFile: given.pidFile, defaultFolder: undefined }
  if (given.name === undefined) {
    throw refused('name', undefined, "is missing, and so is 'pidFile'", 'Give one of them (or both).')
  }
  const folder = process.geteuid?.() === 0 ? rootFolder() : join(home(given.name), '.local/state/daimon')
  return { pidFile: join(folder, `${given.name}.pid`), defaultFolder: folder }
}

function rootFolder(): string {
  return process.platform === 'linux' ? '/run/daimon' : '/var/run/daimon'
}

function home(name: string): string {
  const what = `is missing, and its default for the name '${name}' is in the home folder of the user`
  let folder: string
  try {
    folder = userInfo().homedir
  } catch (error) {
    throw refused('pidFile', undefined, `${what}, who has no passwd entry`, "Give 'pidFile'.", error)
  }
  if (folder.startsWith('/')) return folder
  throw refused('pidFile', undefined, `${what}, whose passwd entry has none`, "Give 'pidFile'.")
}

/**
 * Makes the default folder of pidfiles where it is missing, and its parents: 0755 for root, 0700 for anybody else,
 * whatever the umask. What exists already is left as it is.
 *
 * @throws PidFileError `missing-directory`, with the system error as `cause`
 */
export function makeDefaultFolder(settings: Pick<Settings, 'defaultFolder' | 'pidFile'>): void {
  const { defaultFolder: folder, pidFile } = settings
  if (folder === undefined) return
  try {
    makeFolder(folder, process.geteuid?.() === 0 ? 0o755 : 0o700)
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new PidFileError(
      `The folder ${folder} for the pidfile ${pidFile} cannot be made: ${error.message}. ` +
        "Make it, or give 'pidFile' with a folder that exists.",
      { pidFile, reason: 'missing-directory', cause: error },
    )
  }
}
