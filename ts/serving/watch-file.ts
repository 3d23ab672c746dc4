/** Watches the file of the daemon's socket. Runs in the daemon. */

import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Between two looks, beside the system's notice: in milliseconds. */
const BETWEEN_LOOKS = 60_000

/** Calls `look` when something has happened to the file, and once a minute; gives the end of the watch. */
export function watchFile(path: string, look: () => void): () => void {
  const timer = setInterval(look, BETWEEN_LOOKS).unref()
  const endNotices = noticesOf(path, look)
  return () => {
    clearInterval(timer)
    endNotices()
  }
}

function noticesOf(path: string, look: () => void): () => void {
  try {
    const watcher = watch(dirname(path), { persistent: false }, (_, name) => {
      if (name === null || name === basename(path)) look()
    })
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    // No inotify is left, or it is forbidden.
    return () => {}
  }
}
