/** The texts of the files that are loaded by their first use. A daemon keeps them: to compile them would cost its start more. */

import { readFileSync } from 'node:fs'
import { ownAddress } from './package-files.js'

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/** The files of `dist/` that are loaded by their first use, without their `.js`. */
const PARTS = ['verbs', 'cli'] as const

export type Part = (typeof PARTS)[number]

const texts = new Map<Part, string>()

/** How the build begins the file, see `framed` in `scripts/lib/bundles.js`. */
function firstLine(part: Part): string {
  return `// daimon ${DAIMON_VERSION}: ${part}.js\n`
}

/** Where the file is, or was. */
export function addressOf(part: Part): URL {
  return new URL(`${part}.js`, ownAddress)
}

/**
 * Keeps the texts. Beside a bundle there are no such files, or another program's: there the bundle has the parts in it.
 */
export function keepTexts(): void {
  for (const part of PARTS) {
    if (texts.has(part)) continue
    try {
      const found = readFileSync(addressOf(part), 'utf8')
      if (found.startsWith(firstLine(part))) texts.set(part, found)
    } catch {
      // Its first use says so.
    }
  }
}

/** The text, where it has been kept. */
export function keptText(part: Part): string | undefined {
  return texts.get(part)
}
