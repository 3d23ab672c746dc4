/**
 * The texts of files that are loaded with their first use. They are read earlier: a daemon may have another root folder
 * by then, and a launcher another version of the package. To compile them at once would cost more. Runs in both
 * processes.
 */

import { readFileSync } from 'node:fs'
import { ownFile } from './package-files.js'

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/** A file of `dist/` that is loaded with its first use, without its `.js`. */
export type Part = 'verbs' | 'cli'

/** As bytes, outside of the heap of JavaScript: as strings they would take twice the memory. */
const texts = new Map<Part, Buffer>()

/** How the build begins the file, see `framed` in `scripts/lib/bundles.js`. */
function firstLine(part: Part): Buffer {
  return Buffer.from(`// daimon ${DAIMON_VERSION}: ${part}.js\n`)
}

/** Where the file is, or was. */
export function pathOf(part: Part): string {
  return ownFile(`${part}.js`)
}

/**
 * Keeps a text. Beside a bundle there is no such file, or another program's: there the bundle has the part in it.
 */
export function keepText(part: Part): void {
  if (texts.has(part)) return
  try {
    const found = readFileSync(pathOf(part))
    const first = firstLine(part)
    if (found.subarray(0, first.length).equals(first)) texts.set(part, found)
  } catch {
    // Its first use says so.
  }
}

keepText('verbs')

/** The text, where it has been kept. */
export function keptText(part: Part): string | undefined {
  return texts.get(part)?.toString()
}
