/**
 * Checks that the files that a daemon begins with still exist, because a new release may have replaced that of the
 * launcher. Runs in the launcher, and in a daemon that restarts itself.
 */

import { accessSync, constants } from 'node:fs'
import { isAbsolute } from 'node:path'
import { ifPermitted } from '../../binding/denied.js'
import { systemReason } from '../../binding/errors.js'
import { isError } from '../../binding/node-errors.js'
import { packer } from '../../binding/single-executable.js'
import { StartFailedError } from '../../errors.js'
import type { BodyKind } from '../../handover/settings.js'
import { errorOf, named, say, type Text } from '../../say.js'

/** The files that a program needs. */
export interface Files {
  readonly kind: BodyKind
  /** The executable of its runtime. */
  readonly program: string
  /** The program's own file, if it has one. */
  readonly main: string | undefined
  /** The files of this package that it loads first. */
  readonly preloads: readonly string[]
  /** The folder to execute it in; undefined: the current folder. */
  readonly folder: string | undefined
}

/** The start that needs the files. The option `execPath` and a script are checked with the options, not here. */
export interface FilesSettings {
  readonly pidFile: string
  readonly script: string | undefined
  readonly given: { readonly execPath?: string | undefined }
}

/**
 * Refuses a program if a file of it has gone since this process began, or is out of its reach by now.
 *
 * @throws StartFailedError with step `exec` and the system error as `cause`
 */
export function checkFiles({ kind, program, main, preloads, folder }: Files, settings: FilesSettings): void {
  const { pidFile, script, given } = settings
  if (given.execPath === undefined) checkRuntime(program, script !== undefined, pidFile)
  for (const path of preloads) {
    const what = `daimon's own file '${path}', which a daemon begins with, cannot be read any more`
    check(
      path,
      constants.R_OK,
      what,
      'Put daimon back there, or start this program anew where it is now.',
      pidFile,
    )
  }
  if (kind === 'program' && main !== undefined) {
    const what = `The program '${main}', which the daemon is to execute, cannot be read any more`
    check(main, constants.R_OK, what, 'Put it back there, or start it anew where it is now.', pidFile)
  }
  if (folder !== undefined) {
    const what = `The folder '${folder}', in which this program was started, cannot be entered any more`
    check(folder, constants.X_OK, what, 'Make it again, or start the program in one that is there.', pidFile)
  }
}

function checkRuntime(path: string, isForScript: boolean, pidFile: string): void {
  const isPacked = packer() !== undefined
  const what = isPacked
    ? `This program's executable, '${path}',`
    : `The Node.js that runs this program, '${path}',`
  const orGive = isForScript ? say`, or give ${named('execPath')}` : ''
  // Node.js knows its own path from there.
  if (!isAbsolute(path)) {
    const text = say`${what} does not know where it is: /proc is missing. Mount it${orGive}.`
    throw errorOf(text, (message) => new StartFailedError(message, { pidFile, step: 'exec' }))
  }
  const advice = isPacked ? 'Put it back' : 'Run the program with a Node.js that is there'
  check(path, constants.X_OK, `${what} cannot be executed any more`, say`${advice}${orGive}.`, pidFile)
}

/** A file that Node.js does not permit to look at may still be executed or loaded; if not, that says so. */
function check(path: string, access: number, what: string, advice: Text, pidFile: string): void {
  try {
    ifPermitted(() => accessSync(path, access), undefined)
  } catch (cause) {
    // The path has just been told.
    const why = isError(cause) ? systemReason(cause) : String(cause)
    throw errorOf(say`${what}: ${why}. ${advice}`, (message) => {
      return new StartFailedError(message, { pidFile, step: 'exec', cause })
    })
  }
}
