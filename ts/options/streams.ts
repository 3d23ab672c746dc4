/**
 * Checks, as far as the system tells before a start, whether the files of the standard streams can be used.
 * Runs in the launcher, in the process that becomes the daemon, and in a daemon that restarts itself.
 */

import { constants, lstatSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { ifPermitted } from '../binding/denied.js'
import { native } from '../binding/native.js'
import { isSystemError } from '../binding/node-errors.js'
import { named, refused, say, set, show, type Text } from '../say.js'
import { checkAccess, deniedTo, ENTER, type Identity, WRITE } from './access.js'
import { isReadOnly } from './folder.js'
import { checkPath } from './paths.js'
import type { CheckedSettings, FileStdio, Rotation } from './settings.js'

/**
 * The core refuses the same files when it opens them; here they are found before a restart has stopped anything.
 *
 * @param identity - the user and groups that the daemon takes; without it, those of this process
 * @throws InvalidOptionError naming option and value, with the system error as `cause`
 */
export function checkStreams(settings: CheckedSettings, identity: Identity | undefined): void {
  const { stdin, stdout, stderr } = settings.stdio
  if (stdin.kind === 'file') {
    refuseOwn(stdin)
    ifPermitted(() => checkInput(stdin), undefined)
  }
  for (const stream of new Set([stdout, stderr])) {
    if (stream.kind !== 'file') continue
    refuseOwn(stream)
    ifPermitted(() => checkOutput(stream, settings), undefined)
    const { rotation } = stream
    if (rotation !== undefined) checkRotation(stream, rotation, settings.process.chroot, identity)
  }
}

/** Paths of the descriptors of the process that opens them: of the launcher, which the daemon outlives. */
const OWN =
  /^(?:\/dev\/(?:std(?:in|out|err)|fd\/\d+)|\/proc\/(?:self|thread-self|\d+)(?:\/task\/\d+)?\/fd\/\d+)$/

function refuseOwn({ option, path }: FileStdio): void {
  if (!OWN.test(path)) return
  const what = `(${show(path)}) is a stream that a process has open already, and no file of the daemon's`
  const inherit =
    option === 'log'
      ? say`${set('stdout', 'inherit')} and ${set('stderr', 'inherit')}`
      : say`${set(option, 'inherit')}`
  throw refused(option, path, what, say`Leave it out, or say ${inherit}.`)
}

function checkInput({ option, path }: FileStdio): void {
  isThere(option, path)
  checkPath(option, path, undefined, constants.R_OK, 'must be a file that can be read')
}

/** A file to append to needs its folder, which must be writable where the file is not there yet. */
function checkOutput({ option, path }: FileStdio, settings: CheckedSettings): void {
  const folder = dirname(path)
  const inside = 'must be in a folder that exists and can be entered'
  checkPath(option, folder, 'folder', constants.X_OK, inside, path)
  const [asked, what] = isThere(option, path)
    ? [path, 'must be a file that can be written to']
    : [folder, 'must be in a folder that can be written to, to be made there']
  const { pidFile } = settings
  const both = say`give ${named(option)} and ${named('pidFile')} elsewhere`
  const advice = (error: NodeJS.ErrnoException): Text =>
    error.code === 'EROFS' && isReadOnly(pidFile)
      ? say`The same holds for the pidfile, ${pidFile}: ${both}.`
      : ''
  refuseUnless(option, path, what, () => checkAccess(asked, WRITE), advice)
}

/** The daemon rotates, with its own rights. */
function checkRotation(
  { path }: FileStdio,
  { maxSize }: Rotation,
  chroot: string | undefined,
  identity: Identity | undefined,
): void {
  const option = 'log.maxSize'
  if (chroot !== undefined) {
    const what = say`contradicts ${named('chroot')} (${show(chroot)}), in which the log's path leads nowhere`
    throw refused(option, maxSize, what, 'Leave one of them out.')
  }
  if (ifPermitted(() => examined(option, path)?.isCharacterDevice(), false) === true) {
    throw refused(option, maxSize, `needs a log that is a regular file, but ${show(path)} is a device`)
  }
  const misplaced = identity?.uid === undefined ? native().checkRotation(path) : null
  if (misplaced !== null) {
    throw refused(option, maxSize, `is not possible: ${misplaced.message}`)
  }
  const what = `needs the folder of the log ${show(path)} to be writable by the daemon`
  const folder = dirname(path)
  const ask = (): void => {
    if (identity === undefined) checkAccess(folder, WRITE | ENTER)
    const why = identity && deniedTo(identity, folder, WRITE | ENTER)
    if (why !== undefined) throw refused(option, maxSize, `${what}, but ${why}`)
  }
  ifPermitted(() => refuseUnless(option, maxSize, what, ask), undefined)
}

function refuseUnless(
  option: string,
  value: unknown,
  what: string,
  ask: () => unknown,
  advice: (error: NodeJS.ErrnoException) => Text = () => '',
): void {
  try {
    ask()
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw refused(option, value, `${what}: ${error.message}`, advice(error), error)
  }
}

function examined(option: string, path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (!isSystemError(error)) throw error
    const what = `must be a file that can be examined, but ${show(path)} is not: ${error.message}`
    throw refused(option, path, what, '', error)
  }
}

/** It is a regular file, a character device, or not there yet. Never opened here: a FIFO would wait. */
function isThere(option: string, path: string): boolean {
  const found = examined(option, path)
  if (found === undefined) return false
  if (found.isFile() || found.isCharacterDevice()) return true
  const what = found.isSymbolicLink()
    ? 'a symbolic link'
    : found.isDirectory()
      ? 'a folder'
      : found.isBlockDevice()
        ? 'a disk'
        : found.isFIFO()
          ? 'a FIFO'
          : 'a socket'
  throw refused(
    option,
    path,
    `must be a regular file, but ${show(path)} is ${what}`,
    'Give the path of a file.',
  )
}
