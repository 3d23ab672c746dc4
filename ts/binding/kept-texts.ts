/**
 * The texts of the package's files that are loaded with their first use. `verbs` is kept from the package's import on;
 * `serving` and `cli` only in a daemon, which may have another root folder later. Any other process imports them at
 * their first use. A text is kept only if it is of this version, because the package may have been replaced since. To
 * compile the texts at once would cost more than to keep them. Runs in both processes.
 */

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { ownFile, ownPath } from './package-files.js'

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/** A file of `dist/` that is loaded with its first use, without its `.js`. */
export type Part = 'verbs' | 'serving' | 'cli'

/** The version of this code. */
export function ownVersion(): string {
  return DAIMON_VERSION
}

/** Strings of ASCII take a byte a letter, as buffers do, and Node.js reads them in half the time. */
const texts = new Map<Part, string>()

/** Where the file is, or was. */
export function pathOf(part: Part): string {
  return ownFile(`${part}.js`)
}

/**
 * Keeps a text, if it is of this version. Beside a bundle there is no such file, or another program's: there the bundle
 * has the part in it.
 */
export function keepText(part: Part): void {
  if (texts.has(part)) return
  try {
    const text = read(part)
    if (text.startsWith(firstLine(part, DAIMON_VERSION))) texts.set(part, text)
  } catch {
    // Its first use says so.
  }
}

keepText('verbs')

/** The text, where it has been kept. */
export function keptText(part: Part): string | undefined {
  return texts.get(part)
}

/** Whether the file is another one than the text that has been kept: another release, or half of it. */
export function isChanged(part: Part): boolean {
  try {
    return texts.get(part) !== read(part)
  } catch {
    return true
  }
}

/**
 * The version of the package's file, where that is another than this code's because the package has been replaced.
 * Undefined where the file is gone, and for a bundle, which has all parts in it.
 */
export function otherVersion(part: Part): string | undefined {
  // A bundle may be called so, too; then the files beside it are not the package's.
  if (basename(ownPath) !== 'index.js') return undefined
  try {
    const [first = ''] = read(part).split('\n', 1)
    const [, found = DAIMON_VERSION] = /^\/\/ daimon (\S+): /.exec(first) ?? []
    return first === firstLine(part, found) && found !== DAIMON_VERSION ? found : undefined
  } catch {
    // The import says so.
    return undefined
  }
}

/** How the build begins a file, see `framed` in `scripts/lib/bundle-texts.js`. */
function firstLine(part: Part, version: string): string {
  return `// daimon ${version}: ${part}.js`
}

function read(part: Part): string {
  return readFileSync(pathOf(part), 'utf8')
}
