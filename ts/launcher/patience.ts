/** How long a client waits for a daemon: until it is ready, and for one that has to leave first. */

import { isGone } from '../control/exit.js'
import type { Settings } from '../options/settings.js'
import { LONGEST_TIMER } from '../timer.js'
import { staying } from './unreached.js'

/**
 * What a look takes at most, in milliseconds. A start that nothing but looks came before has the whole `readyTimeout`,
 * so that it fails with what it knows of the daemon.
 */
const MARGIN = 100

/** The reason of an abort because a client's time is over. */
export const OVER: unique symbol = Symbol('over')

/** The time of one client. */
export class Patience {
  readonly #settings: Settings
  readonly #begun = performance.now()
  #until: number

  constructor(settings: Settings) {
    this.#settings = settings
    this.#until = this.#begun + settings.readyTimeout
  }

  /** In milliseconds, from 0 on. */
  get left(): number {
    return Math.max(this.#until - performance.now(), 0)
  }

  /** Whether so much of it is used that a start has to end before its own `readyTimeout`. */
  get isUsed(): boolean {
    return this.left < this.#settings.readyTimeout - MARGIN
  }

  /** A daemon has to leave first: there is time for that, too. However many have to leave, it is the same time. */
  prolong(): void {
    const { readyTimeout, stopTimeout } = this.#settings
    this.#until = this.#begun + stopTimeout + readyTimeout
  }

  /**
   * Waits for the end of a daemon that is leaving.
   *
   * @throws ReadyTimeoutError when it stays; the reason of the settings' `signal`
   */
  async untilGone(pid: number): Promise<void> {
    this.prolong()
    const { pidFile, signal } = this.#settings
    if (!(await isGone(pidFile, this.left, signal))) throw staying(this.#settings, pid)
  }

  /** Gives `work` a signal that aborts as the settings' `signal`, and with `OVER` when no time is left. */
  async within<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#settings
    const controller = new AbortController()
    const onAbort = (): void => controller.abort(signal?.reason)
    const timer = setTimeout(() => controller.abort(OVER), Math.min(this.left, LONGEST_TIMER))
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await work(controller.signal)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }
}
