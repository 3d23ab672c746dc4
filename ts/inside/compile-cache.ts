/** Node's own cache of compiled code on disk, for the daemon's program. Runs in the daemon, before its program. */

import { mkdirSync, realpathSync } from 'node:fs'
import { whyNotPrivate } from '../handover/private-folder.js'

/**
 * Has what is loaded from now on compiled with the cache in this folder, which is made if it is missing. Called with
 * the rights that the program has. A cache only makes a start faster: where Node.js has none (before 22.1), or others
 * could change what is in the folder, or it cannot be used, the program is compiled as always.
 */
export function useCompileCache(folder: string | undefined): void {
  const enable: unknown = Reflect.get(process.getBuiltinModule('node:module'), 'enableCompileCache')
  if (folder === undefined || typeof enable !== 'function') return
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0]
    // If it is a link, use the folder that was checked, and not the link.
    const real = realpathSync(folder)
    if (whyNotPrivate(real, { uid, gid }) === undefined) enable(real)
  } catch {
    // As above.
  }
}
