/** The last resort for what nobody waits for: the process's own standard error. */

import { writeSync } from 'node:fs'

/**
 * Writes a line there. Not by `process.stderr`: when its terminal has gone, its errors are what would be complained
 * about, without end.
 */
export function complain(text: string): void {
  try {
    writeSync(2, `${text}\n`)
  } catch {
    // Nobody hears it.
  }
}
