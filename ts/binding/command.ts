/**
 * The command line, in a file of its own, `cli.js`: only who uses it loads it. A daemon keeps its text in memory, which
 * costs its start less than to compile it.
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UnsupportedError } from '../errors.js'
// All of it: what the text says is imported from there.
import * as facade from '../index.js'
import { here } from './package-files.js'

type Command = typeof import('../cli/index.js')

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/** How the build begins and frames the file, see `scripts/build.js`. */
const FIRST_LINE = '// The command line of daimon '
const FRAME = '(function (daimon) {'

let text: string | undefined
let compiled: Command | undefined

/**
 * Keeps the text. Beside a bundle there is none, or somebody else's file: there the bundle has the command line in it.
 */
export function keepCommand(): void {
  if (text !== undefined) return
  try {
    const found = readFileSync(new URL('cli.js', here), 'utf8')
    if (found.startsWith(`${FIRST_LINE}${DAIMON_VERSION}\n`)) text = found
  } catch {
    // Its first use says so.
  }
}

/**
 * The command line.
 *
 * @throws UnsupportedError when its file is there no longer
 */
export async function loadCommand(): Promise<Command> {
  if (text !== undefined) compiled ??= compile(text)
  if (compiled !== undefined) return compiled
  try {
    return await import('../cli/index.js')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message =
      `The command line of daimon cannot be loaded: ${why}. ` +
      'Install daimon again, and start this program anew.'
    throw new UnsupportedError(message, { feature: 'command line', cause })
  }
}

function compile(text: string): Command {
  const at = text.indexOf(FRAME)
  const filename = fileURLToPath(new URL('cli.js', here))
  const lineOffset = text.slice(0, at).split('\n').length - 1
  const { compileFunction } = process.getBuiltinModule('node:vm')
  return compileFunction(`return ${text.slice(at)}`, ['daimon'], { filename, lineOffset })(facade)
}
