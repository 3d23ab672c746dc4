/** Waits for something to happen to a log. */

import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** How often to look although there are events, in milliseconds: a folder that has been replaced gives none. */
const POLL_BESIDE_EVENTS = 500
const POLL_ALONE = 100

/** Tells when the files of a log may have changed, until `close()`. */
export class Changes {
  readonly #path: string
  readonly #signal: AbortSignal | undefined
  #watcher: FSWatcher | undefined
  #changed = false
  #wake: () => void = () => {}

  constructor(path: string, signal: AbortSignal | undefined) {
    this.#path = path
    this.#signal = signal
    this.#watch()
  }

  /** Resolves when something has happened since the last call, or might have. */
  async next(): Promise<void> {
    this.#watch()
    if (!this.#changed) await this.pause(this.#watcher === undefined ? POLL_ALONE : POLL_BESIDE_EVENTS, true)
    this.#changed = false
  }

  /** Waits for that time, unless it is `untilChange`. Rejects with the signal's reason. */
  pause(time: number, untilChange = false): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#signal?.throwIfAborted()
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        this.#signal?.removeEventListener('abort', onAbort)
        this.#wake = () => {}
        settle()
      }
      const onAbort = (): void => finish(() => reject(this.#signal?.reason))
      const timer = setTimeout(() => finish(resolve), time)
      this.#signal?.addEventListener('abort', onAbort, { once: true })
      if (untilChange) this.#wake = () => finish(resolve)
    })
  }

  throwIfAborted(): void {
    this.#signal?.throwIfAborted()
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  /** Watches the folder, since the file is exchanged. The folder may not be there yet. */
  #watch(): void {
    if (this.#watcher !== undefined) return
    const name = basename(this.#path)
    try {
      this.#watcher = watch(dirname(this.#path), (_event, changed) => {
        if (changed === null || changed === name || changed.startsWith(`${name}.`)) this.#change()
      })
    } catch {
      // No folder, or no watches left: next() looks from time to time.
      return
    }
    this.#watcher.on('error', () => this.close())
  }

  #change(): void {
    this.#changed = true
    this.#wake()
  }
}
