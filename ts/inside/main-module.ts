/** Finds the main module's address, to wait for its evaluation. Runs in the daemon. It is loaded before a script. */

import { isFromSnapshot, packer } from '../binding/single-executable.js'
import { presentState } from './state.js'

/** Flags with which argv[1] is not the main module, or not by its real path. */
const UNSURE = /^(?:-e|-p|-pe|--eval\b.*|--print\b.*|--preserve-symlinks-main)$/
const ENTRY_URL = /^--(?:experimental-)?entry[-_]url$/

/** Read before the program runs, because some programs write a name of their own to `process.argv[1]`. */
const MAIN_AT_START = mainAtStart()

/** The main program that this process was executed with: a path, or with `--entry-url` an address. */
export function mainAtStart(): string | undefined {
  const main = process.argv[1]
  if (main === undefined || !process.execArgv.some((flag) => ENTRY_URL.test(flag))) return main
  const { pathToFileURL } = process.getBuiltinModule('node:url')
  try {
    return new URL(main, pathToFileURL(`${process.cwd()}/`)).href
  } catch {
    return main
  }
}

/** The URL of the main module; undefined if it is in doubt, or if the module has no URL that can be imported. */
export function mainModuleUrl(resolve: (path: string) => string): string | undefined {
  const main = presentState()?.main ?? MAIN_AT_START
  const { execArgv } = process
  if (main === undefined || execArgv.some((flag) => UNSURE.test(flag))) return undefined
  if (isFromSnapshot || packer() !== undefined) return undefined
  if (execArgv.some((flag) => ENTRY_URL.test(flag))) return URL.canParse(main) ? main : undefined
  try {
    // As Node does: links resolved, folders and missing endings completed.
    return process.getBuiltinModule('node:url').pathToFileURL(resolve(main)).href
  } catch {
    return undefined
  }
}
