/**
 * Loads the parts of the package that are files of their own, with their first use: from the text that has been kept,
 * else by an import. Runs in both processes.
 */

import { keptText, type Part, pathOf } from './binding/kept-texts.js'
import { UnsupportedError } from './errors.js'
// All of it: what the texts say is imported from there.
import * as facade from './index.js'

/** What the verbs do where this process is not the daemon. */
export type Verbs = typeof import('./verbs.js')

interface Parts {
  verbs: Verbs
  /** The command line. */
  cli: typeof import('./cli/index.js')
}

/** How the build frames the file, see `framed` in `scripts/lib/bundles.js`. */
const FRAME = '(function (daimon) {'

const FEATURES: Readonly<Record<Part, string>> = { verbs: 'verbs', cli: 'command line' }

const loaded: Partial<Parts> = {}

/**
 * The verbs.
 *
 * @throws UnsupportedError when their file is there no longer
 */
export async function loadVerbs(): Promise<Parts['verbs']> {
  loaded.verbs ??= fromText('verbs') ?? (await orExplain('verbs', () => import('./verbs.js')))
  return loaded.verbs
}

/**
 * The command line.
 *
 * @throws UnsupportedError when its file is there no longer
 */
export async function loadCommand(): Promise<Parts['cli']> {
  loaded.cli ??= fromText('cli') ?? (await orExplain('cli', () => import('./cli/index.js')))
  return loaded.cli
}

async function orExplain<P extends Part>(part: P, load: () => Promise<Parts[P]>): Promise<Parts[P]> {
  try {
    return await load()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const feature = FEATURES[part]
    const message =
      `The ${feature} of daimon cannot be loaded: ${why}. ` +
      'Install daimon again, and start this program anew.'
    throw new UnsupportedError(message, { feature, cause })
  }
}

function fromText<P extends Part>(part: P): Parts[P] | undefined {
  const text = keptText(part)
  if (text === undefined) return undefined
  const at = text.indexOf(FRAME)
  const filename = pathOf(part)
  const lineOffset = text.slice(0, at).split('\n').length - 1
  const { compileFunction } = process.getBuiltinModule('node:vm')
  return compileFunction(`return ${text.slice(at)}`, ['daimon'], { filename, lineOffset })(facade)
}
