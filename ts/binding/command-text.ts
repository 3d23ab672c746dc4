/**
 * The text of the command line's file, `cli.js`. A daemon keeps it, because it may have another root folder by the time
 * that the text is used; to compile it at once would cost the daemon's start more. Runs in both processes.
 */

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { ownFile, ownPath } from './package-files.js'

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/** Where the file is, or was. */
export const COMMAND_FILE: string = ownFile('cli.js')

/** How the build begins the file, see `framed` in `scripts/lib/bundles.js`. */
const FIRST_LINE = /^\/\/ The command line of daimon (\S+)\n/
/** More than the first line has, in bytes. */
const HEAD = 256

/** As bytes, outside of the heap of JavaScript: as a string it would take twice the memory. */
let kept: Buffer | undefined

/**
 * Keeps the text, if it is of this version. Beside a bundle there is no such file, or another program's: there the
 * bundle has the command line in it.
 */
export function keepCommand(): void {
  if (kept !== undefined) return
  try {
    const found = readFileSync(COMMAND_FILE)
    if (versionIn(found) === DAIMON_VERSION) kept = found
  } catch {
    // Its first use says so.
  }
}

/** The text, where it has been kept. */
export function keptCommand(): string | undefined {
  return kept?.toString()
}

/**
 * The version of the package's command line, where it has replaced that of this code since: neither knows what the
 * other one lends.
 */
export function otherVersion(): { readonly other: string; readonly own: string } | undefined {
  // A bundle may be called so, too; it has the command line in it.
  if (basename(ownPath) !== 'index.js') return undefined
  try {
    const other = versionIn(readFileSync(COMMAND_FILE))
    return other === undefined || other === DAIMON_VERSION ? undefined : { other, own: DAIMON_VERSION }
  } catch {
    // The import says so.
    return undefined
  }
}

function versionIn(found: Buffer): string | undefined {
  return FIRST_LINE.exec(found.toString('latin1', 0, HEAD))?.[1]
}
