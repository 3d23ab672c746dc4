/** Loads the command line, a file of its own, `cli.js`: only programs that use it load it. Runs in both processes. */

import { fileURLToPath } from 'node:url'
import { keptCommand } from './binding/command-text.js'
import { ownAddress } from './binding/package-files.js'
import { UnsupportedError } from './errors.js'
// All of it: what the text says is imported from there.
import * as facade from './index.js'

type Command = typeof import('./cli/index.js')

/** How the build frames the file, see `framed` in `scripts/lib/bundles.js`. */
const FRAME = '(function (daimon) {'

let compiled: Command | undefined

/**
 * The command line: compiled from the text that a daemon has kept, else from its file.
 *
 * @throws UnsupportedError when its file is there no longer
 */
export async function loadCommand(): Promise<Command> {
  const text = keptCommand()
  if (text !== undefined) compiled ??= compile(text)
  if (compiled !== undefined) return compiled
  try {
    return await import('./cli/index.js')
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
  const filename = fileURLToPath(new URL('cli.js', ownAddress))
  const lineOffset = text.slice(0, at).split('\n').length - 1
  const { compileFunction } = process.getBuiltinModule('node:vm')
  return compileFunction(`return ${text.slice(at)}`, ['daimon'], { filename, lineOffset })(facade)
}
