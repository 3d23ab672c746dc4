/**
 * The texts of files that are loaded with their first use. `verbs` is read with the import of the package; `cli` too in
 * a daemon, which may have another root folder later, but in any other process with its first use. Each must be of this
 * version, because the package may have been replaced since. To compile them at once would cost more. Runs in both
 * processes.
 */

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { ownFile, ownPath } from './package-files.js'

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/** A file of `dist/` that is loaded with its first use, without its `.js`. */
export type Part = 'verbs' | 'cli'

/** The version of this code. */
export function ownVersion(): string {
  return DAIMON_VERSION
}

/** Whether this is the package's own facade: a bundle, which has all parts in it, may be called so, too. */
const isPackaged = basename(ownPath) === 'index.js'

/** As bytes, outside of the heap of JavaScript: as strings they would take twice the memory. */
const texts = new Map<Part, Buffer>()

/** How the build begins a file, see `framed` in `scripts/lib/bundles.js`. */
const FIRST_LINE = /^\/\/ daimon (\S+): (\w+)\.js\n/
/** More than a first line has, in bytes. */
const HEAD = 256

/** Where the file is, or was. */
export function pathOf(part: Part): string {
  return ownFile(`${part}.js`)
}

/**
 * Keeps a text, if it is not kept yet. Beside a bundle there is no such file, or another program's: there the bundle
 * has the part in it.
 *
 * @returns the version of the package's file if that is another than this code's: then nothing is kept
 */
export function keepText(part: Part): string | undefined {
  if (texts.has(part)) return undefined
  try {
    const found = readFileSync(pathOf(part))
    const [, version, name] = FIRST_LINE.exec(found.toString('latin1', 0, HEAD)) ?? []
    if (name !== part) return undefined
    if (version !== DAIMON_VERSION) return isPackaged ? version : undefined
    texts.set(part, found)
  } catch {
    // Its first use says so.
  }
  return undefined
}

keepText('verbs')

/** The text, where it has been kept. */
export function keptText(part: Part): string | undefined {
  return texts.get(part)?.toString()
}
