/**
 * What the package will need of its own files, read before the body of a daemon begins: later the root folder or the
 * user may be another, and the package may have been replaced or removed. Runs in the daemon, with the facade's import.
 */

import { keepCommand } from '../binding/command-text.js'
import { loadBinding } from '../binding/load.js'
import { shared } from '../binding/shared.js'

/** Never fails: what cannot be read is reported by its first use. */
export function readBeforehand(): void {
  keepCommand()
  try {
    loadBinding()
  } catch {
    // As above.
  }
}

if (shared() !== undefined) readBeforehand()
