/** Loads the command line, a file of its own, `cli.js`: only programs that use it load it. Runs in both processes. */

import { COMMAND_FILE, keptCommand, otherVersion } from './binding/command-text.js'
import { UnsupportedError } from './errors.js'
// The whole namespace: the compiled text gets its imports from it.
import * as facade from './index.js'

type Command = typeof import('./cli/index.js')

/** How the build frames the file, see `framed` in `scripts/lib/bundles.js`. */
const FRAME = '(function (daimon) {'

let compiled: Command | undefined

/**
 * The command line: compiled from the text that a daemon has kept, else from its file.
 *
 * @throws UnsupportedError when its file is there no longer, or of another version
 */
export async function loadCommand(): Promise<Command> {
  if (compiled !== undefined) return compiled
  const changed = otherVersion()
  const text = keptCommand()
  if (text === undefined && changed !== undefined) {
    const what = `${COMMAND_FILE} is of version ${changed.other}, and this program has loaded version ${changed.own}`
    throw cannotLoad(`${what}. Start this program anew, or put files of one release beside its bundle`)
  }
  try {
    if (text === undefined) return await import('./cli/index.js')
    compiled = compile(text)
    return compiled
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw cannotLoad(`${why.replace(/\.$/, '')}. Install daimon again, and start this program anew`, cause)
  }
}

function cannotLoad(why: string, cause?: unknown): UnsupportedError {
  const message = `The command line of daimon cannot be loaded: ${why}.`
  return new UnsupportedError(message, { feature: 'command line', ...(cause === undefined ? {} : { cause }) })
}

function compile(text: string): Command {
  const at = text.indexOf(FRAME)
  const lineOffset = text.slice(0, at).split('\n').length - 1
  const options = { filename: COMMAND_FILE, lineOffset }
  const { compileFunction } = process.getBuiltinModule('node:vm')
  return compileFunction(`return ${text.slice(at)}`, ['daimon'], options)(facade)
}
