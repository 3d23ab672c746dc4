/** The process's own standard error: the last resort for what no caller is told. Loads nothing. */

import { writeSync } from 'node:fs'

/**
 * Writes a line there. Not by `process.stderr`: when its terminal has gone, its errors would be reported here, without
 * end.
 */
export function writeStderr(text: string): void {
  try {
    writeSync(2, `${text}\n`)
  } catch {
    // There is no other place to report it.
  }
}
