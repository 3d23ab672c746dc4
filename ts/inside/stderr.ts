/**
 * The process's own standard error: the last resort for what no caller is told. Runs in the daemon, and in the helper
 * that restarts it. It is loaded before a script: it imports only what the list in
 * `bundles-of-the-package.test.js` has.
 */

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
