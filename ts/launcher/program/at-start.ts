/** What the launcher's process was when this package was loaded. Runs in the launcher. */

import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { ifPermitted } from '../../binding/denied.js'
import { currentFolder } from '../../options/index.js'
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
  /** Of a single executable alone, which hides some of it: there argv[1] is argv[0] once more. Else empty. */
  readonly commandLine: readonly string[]
  /** Whether argv[1] was a file: then it must still be there for a daemon. */
  readonly hasMainFile: boolean
}

/** Read at import: what the program changes of it later, it changes again when it runs as the daemon. */
export const AT_START: AtStart = {
  argv: [...process.argv],
  execArgv: [...process.execArgv],
  cwd: currentFolder(),
  commandLine: process.argv[1] === process.argv0 ? commandLine() : [],
  hasMainFile: isFile(process.argv[1]),
}
