/**
 * Loads the parts of the package that are files of their own, with their first use. Runs in both processes.
 *
 * A launcher imports the file, unless another version has replaced it since: then it compiles the text that it has
 * kept. A daemon always compiles the text that it has kept, because it may have another root folder or user by then. A
 * bundle has no such files: it has been given the parts (`bundled.ts`), or reaches them by the same import.
 */

import { keptText, ownVersion, type Part, pathOf, versionNow } from './binding/kept-texts.js'
import { shared } from './binding/shared.js'
import { UnsupportedError } from './errors.js'
// The whole namespace: compiled texts get their imports from it.
import * as facade from './index.js'

/** What the verbs need beyond options and a look at a daemon, see `verbs.ts`. */
export type Verbs = typeof import('./verbs.js')

/** The command line. */
type Command = typeof import('./cli/index.js')

interface Parts {
  readonly verbs: Verbs
  readonly cli: Command
}

/** How the build frames the file, see `framed` in `scripts/lib/bundles.js`. */
const FRAME = '(function (daimon) {'

const FEATURES: Readonly<Record<Part, string>> = { verbs: 'verbs', cli: 'command line' }

const parts: { -readonly [P in Part]?: Promise<Parts[P]> } = {}

/** Gives parts that need not be loaded. */
export function giveParts({ verbs, cli }: Parts): void {
  parts.verbs = Promise.resolve(verbs)
  parts.cli = Promise.resolve(cli)
}

/**
 * The verbs.
 *
 * @throws UnsupportedError when their file is there no longer, or of another version
 */
export function loadVerbs(): Promise<Verbs> {
  parts.verbs ??= loadPart('verbs', () => import('./verbs.js'))
  return parts.verbs
}

/**
 * The command line.
 *
 * @throws UnsupportedError when its file is there no longer, or of another version
 */
export function loadCommand(): Promise<Command> {
  parts.cli ??= loadPart('cli', () => import('./cli/index.js'))
  return parts.cli
}

async function loadPart<P extends Part>(part: P, load: () => Promise<Parts[P]>): Promise<Parts[P]> {
  try {
    return await loaded(part, load)
  } catch (error) {
    // The next use looks again.
    delete parts[part]
    throw error
  }
}

async function loaded<P extends Part>(part: P, load: () => Promise<Parts[P]>): Promise<Parts[P]> {
  const now = versionNow(part)
  const isThisVersion = now === ownVersion()
  const text = isThisVersion && shared() === undefined ? undefined : keptText(part)
  if (text === undefined && now !== undefined && !isThisVersion) {
    const what = `${pathOf(part)} is of version ${now}, and this program has loaded version ${ownVersion()}`
    throw cannotLoad(part, `${what}. Start this program anew, or put files of one release beside its bundle`)
  }
  try {
    return text === undefined ? await load() : compile(part, text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw cannotLoad(
      part,
      `${why.replace(/\.$/, '')}. Install daimon again, and start this program anew`,
      cause,
    )
  }
}

function cannotLoad(part: Part, why: string, cause?: unknown): UnsupportedError {
  const feature = FEATURES[part]
  const message = `The ${feature} of daimon cannot be loaded: ${why}.`
  return new UnsupportedError(message, { feature, ...(cause === undefined ? {} : { cause }) })
}

function compile<P extends Part>(part: P, text: string): Parts[P] {
  const at = text.indexOf(FRAME)
  const lineOffset = text.slice(0, at).split('\n').length - 1
  const options = { filename: pathOf(part), lineOffset }
  const { compileFunction } = process.getBuiltinModule('node:vm')
  return compileFunction(`return ${text.slice(at)}`, ['daimon'], options)(facade)
}
