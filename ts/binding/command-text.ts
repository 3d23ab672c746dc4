/** The text of the command line's file, `cli.js`. A daemon keeps it: to compile it would cost its start more. */

import { readFileSync } from 'node:fs'
import { ownAddress } from './package-files.js'

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/** How the build begins the file, see `framed` in `scripts/lib/bundles.js`. */
const FIRST_LINE = '// The command line of daimon '

let text: string | undefined

/**
 * Keeps the text. Beside a bundle there is no such file, or another program's: there the bundle has the command line in
 * it.
 */
export function keepCommand(): void {
  if (text !== undefined) return
  try {
    const found = readFileSync(new URL('cli.js', ownAddress), 'utf8')
    if (found.startsWith(`${FIRST_LINE}${DAIMON_VERSION}\n`)) text = found
  } catch {
    // Its first use says so.
  }
}

/** The text, where it has been kept. */
export function keptCommand(): string | undefined {
  return text
}
