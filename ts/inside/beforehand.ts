/**
 * Reads the package's own files that it will need, before the body of a daemon begins: later the root folder or the
 * user may be another, and the package may have been replaced or removed. Runs in the daemon, with the facade's import.
 */

import { keepText } from '../binding/kept-texts.js'
import { loadBinding } from '../binding/load.js'
import { shared } from '../binding/shared.js'

/** Never fails: if a file cannot be read, its first use reports that. */
export function readBeforehand(): void {
  keepText('serving')
  keepText('cli')
  try {
    loadBinding()
  } catch {
    // As above.
  }
}

if (shared() !== undefined) readBeforehand()
