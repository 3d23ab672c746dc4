/**
 * Checks of the options that ask the system, before a start: the paths, and whether files may be written.
 * Runs in the launcher, in the process that becomes the daemon, and in a daemon that restarts itself.
 */

import { constants } from 'node:fs'
import { join } from 'node:path'
import type { NativeIdentity } from '../binding/native.js'
import { named, say } from '../say.js'
import { compileCacheOf } from './compile-cache.js'
import { neededFolder } from './current-folder.js'
import { checkExecutable } from './executable-file.js'
import { checkPath } from './paths.js'
import { checkScript } from './script.js'
import type { CheckedSettings } from './settings.js'
import { checkStreams } from './streams.js'

/**
 * Asks the system about the paths that a start needs. Only verbs that start call it, before anything else, because the
 * other verbs need none of these paths. The core opens the logs.
 *
 * Skips a check that Node.js does not permit, because a start must need no more permissions than spawning a child.
 *
 * @param identity - the user and groups that the daemon takes; without it, those of this process
 * @throws InvalidOptionError naming option and value, with the system error as `cause`
 */
export function checkOptions(settings: CheckedSettings, identity?: NativeIdentity): void {
  const { script } = settings
  const { execPath } = settings.given
  const { chroot } = settings.process
  if (script !== undefined) checkScript(script, execPath === undefined)
  if (execPath !== undefined)
    checkPath('execPath', execPath, 'file', constants.X_OK, 'must be a file that can be executed')
  if (chroot !== undefined)
    checkPath('chroot', chroot, 'folder', constants.X_OK, 'must be a folder that can be entered')
  checkFolder(settings)
  checkExecutable(settings)
  checkStreams(settings, identity)
  compileCacheOf(settings, identity)
}

function checkFolder({ cwd, given, process: { chroot } }: CheckedSettings): void {
  const folder = cwd ?? neededFolder()
  const entered = chroot === undefined ? folder : join(chroot, folder)
  const isGiven = given.cwd !== undefined || chroot !== undefined
  const what = isGiven
    ? 'must be a folder that can be entered'
    : 'is not given, so it is the current folder, which must be one that can be entered'
  checkPath('cwd', entered, 'folder', constants.X_OK, what, folder, isGiven ? '' : say`Give ${named('cwd')}.`)
}
