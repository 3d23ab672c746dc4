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

/** As bytes, outside of the heap of JavaScript: as strings they would take twice the memory. */
const texts = new Map<Part, Buffer>()

/** How the build begins a file, see `framed` in `scripts/lib/bundle-texts.js`. */
const FIRST_LINE = /^\/\/ daimon (\S+): (\w+)\.js\n/
/** More than a first line has, in bytes. */
const HEAD = 256

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
    const found = readFileSync(pathOf(part))
    if (versionIn(found, part) === DAIMON_VERSION) texts.set(part, found)
  } catch {
    // Its first use says so.
  }
}

keepText('verbs')

/** The text, where it has been kept. */
export function keptText(part: Part): string | undefined {
  return texts.get(part)?.toString()
}

/** Whether the file is another one than the text that has been kept: another release, or half of it. */
export function isChanged(part: Part): boolean {
  try {
    return texts.get(part)?.equals(readFileSync(pathOf(part))) !== true
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
    const found = versionIn(readFileSync(pathOf(part)), part)
    return found === DAIMON_VERSION ? undefined : found
  } catch {
    // The import says so.
    return undefined
  }
}

function versionIn(found: Buffer, part: Part): string | undefined {
  const [, version, name] = FIRST_LINE.exec(found.toString('latin1', 0, HEAD)) ?? []
  return name === part ? version : undefined
}
