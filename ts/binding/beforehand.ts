/**
 * What the package will need of its own files, read before the body of a daemon begins: later the root folder or the
 * user may be another, and the package may have been replaced or removed.
 */

import { adopted, isWorkerOfDaemon } from '../inside/state.js'
import { keepCommand } from './command.js'
import { loadBinding } from './load.js'

/** Never fails: what cannot be read is reported by its first use. */
export function readBeforehand(): void {
  keepCommand()
  try {
    loadBinding()
  } catch {
    // As above.
  }
}

if (adopted() !== undefined || isWorkerOfDaemon()) readBeforehand()
