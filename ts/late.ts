/**
 * Loads the parts of the package that are files of their own, with their first use: from the text, which must be of
 * this version, or in a bundle, which has no such files, by an import. Runs in both processes.
 */

import { keepText, keptText, ownVersion, type Part, pathOf } from './binding/kept-texts.js'
import { UnsupportedError } from './errors.js'
// The whole namespace: compiled texts get their imports from it.
import * as facade from './index.js'

/** What the verbs need beyond options and a look at a daemon, see `verbs.ts`. */
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
 * @throws UnsupportedError when their file is there no longer, or of another version
 */
export async function loadVerbs(): Promise<Parts['verbs']> {
  loaded.verbs ??= fromText('verbs') ?? (await orExplain('verbs', () => import('./verbs.js')))
  return loaded.verbs
}

/**
 * The command line.
 *
 * @throws UnsupportedError when its file is there no longer, or of another version
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
    throw cannotLoad(part, `${why}. Install daimon again, and start this program anew`, cause)
  }
}

function cannotLoad(part: Part, why: string, cause?: unknown): UnsupportedError {
  const feature = FEATURES[part]
  const message = `The ${feature} of daimon cannot be loaded: ${why}.`
  return new UnsupportedError(message, { feature, ...(cause === undefined ? {} : { cause }) })
}

function fromText<P extends Part>(part: P): Parts[P] | undefined {
  const other = keepText(part)
  if (other !== undefined) {
    const what = `${pathOf(part)} is of version ${other}, and this program has loaded version ${ownVersion()}`
    throw cannotLoad(part, `${what}. Start this program anew, or put files of one release beside its bundle`)
  }
  const text = keptText(part)
  if (text === undefined) return undefined
  const at = text.indexOf(FRAME)
  const filename = pathOf(part)
  const lineOffset = text.slice(0, at).split('\n').length - 1
  const { compileFunction } = process.getBuiltinModule('node:vm')
  return compileFunction(`return ${text.slice(at)}`, ['daimon'], { filename, lineOffset })(facade)
}
