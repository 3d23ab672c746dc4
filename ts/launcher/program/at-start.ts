/**
 * The command line and folder of this process, as they were when this package was loaded. Evaluated in every process,
 * with the facade's import; used in the launcher.
 */

import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { ifPermitted } from '../../binding/denied.js'
import { currentFolder } from '../../options/current-folder.js'
import { commandLine } from '../command-line.js'

/** Whether a main program is a file. Loaders also find main programs that are not. */
export function isFile(main: string | undefined): boolean {
  return main !== undefined && isAbsolute(main) && ifPermitted(() => existsSync(main), false)
}

interface AtStart {
  readonly argv: readonly string[]
  readonly execArgv: readonly string[]
  /** Undefined: it had been removed. */
  readonly cwd: string | undefined
  /** Only for a single executable, whose argv hides a part (its argv[1] repeats argv[0]); otherwise empty. */
  readonly commandLine: readonly string[]
  /** Whether argv[1] was a file: then it must still be there for a daemon. */
  readonly hasMainFile: boolean
}

/** Read at import, before the program changes any of it: as the daemon, it will make the same changes again. */
export const AT_START: AtStart = {
  argv: [...process.argv],
  execArgv: [...process.execArgv],
  cwd: currentFolder(),
  commandLine: process.argv[1] === process.argv0 ? commandLine() : [],
  hasMainFile: isFile(process.argv[1]),
}
