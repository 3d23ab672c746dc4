/**
 * Loads the parts of the package that are files of their own, with their first use. Runs in both processes.
 *
 * A launcher imports the file, unless it has been changed since: then it compiles the text that it has kept. A daemon
 * always compiles the text that it has kept, because it may have another root folder or user by then. A bundle has no
 * such files: it has been given the parts (`bundled.ts`), or reaches them by the same import.
 */

import { isChanged, keptText, otherVersion, ownVersion, type Part, pathOf } from './binding/kept-texts.js'
import { isError } from './binding/node-errors.js'
import { shared } from './binding/shared.js'
import { UnsupportedError } from './errors.js'
// The whole namespace: compiled texts get their imports from it.
import * as facade from './index.js'

/** What the verbs need beyond options and a look at a daemon, see `verbs.ts`. */
export type Verbs = typeof import('./verbs.js')

/** The service of the daemon's socket. */
type Serving = typeof import('./serving/index.js')

/** The command line. */
type Command = typeof import('./cli/index.js')

interface Parts {
  readonly verbs: Verbs
  readonly serving: Serving
  readonly cli: Command
}

/** How the build frames the file, see `framed` in `scripts/lib/bundle-texts.js`. */
const FRAME = '(function(daimon){'

const FEATURES: Readonly<Record<Part, string>> = {
  verbs: 'verbs',
  serving: 'service of the socket',
  cli: 'command line',
}

const parts: { -readonly [P in Part]?: Promise<Parts[P]> } = {}

/** Takes parts that are loaded already. */
export function takeParts({ verbs, serving, cli }: Parts): void {
  parts.verbs = Promise.resolve(exportsOf('verbs', verbs))
  parts.serving = Promise.resolve(exportsOf('serving', serving))
  parts.cli = Promise.resolve(exportsOf('cli', cli))
}

/**
 * The exports of a part. Its file exports a function of the facade instead, so that all of it works with this facade: a
 * program may have several instances of it.
 */
export function exportsOf<P extends Part>(part: P, file: Parts[P]): Parts[P] {
  const body: unknown = Reflect.get(file, 'default')
  if (typeof body !== 'function') throw new Error(`${pathOf(part)} is damaged`)
  return body(facade)
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
 * The service of the daemon's socket.
 *
 * @throws UnsupportedError when its file is there no longer, or of another version
 */
export function loadServing(): Promise<Serving> {
  parts.serving ??= loadPart('serving', () => import('./serving/index.js'))
  return parts.serving
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
  // In a later turn of the queue: the caller has put this promise into `parts` by then, and a failure takes it out.
  await undefined
  try {
    const text = keptText(part)
    if (text !== undefined && (shared() !== undefined || isChanged(part))) return compile(part, text)
    return await imported(part, load)
  } catch (error) {
    // So that the next use tries again.
    delete parts[part]
    throw error
  }
}

async function imported<P extends Part>(part: P, load: () => Promise<Parts[P]>): Promise<Parts[P]> {
  const other = otherVersion(part)
  if (other !== undefined) {
    const what = `${pathOf(part)} is of version ${other}, and this program has loaded version ${ownVersion()}`
    throw cannotLoad(part, `${what}. Start this program anew, or put files of one release beside its bundle`)
  }
  try {
    return exportsOf(part, await load())
  } catch (cause) {
    const text = keptText(part)
    if (text !== undefined) return compile(part, text)
    const why = isError(cause) ? cause.message : String(cause)
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
  return compileFunction(`return ${text.slice(at)}`, [], options)()(facade)
}

// A daemon of a bundle that has the parts in files of its own loads them now: later these may be gone.
if (shared() !== undefined) {
  queueMicrotask(() => {
    if (keptText('verbs') === undefined) loadVerbs().catch(() => {})
    if (keptText('serving') === undefined) loadServing().catch(() => {})
    if (keptText('cli') === undefined) loadCommand().catch(() => {})
  })
}
