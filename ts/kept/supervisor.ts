/**
 * The supervisor of a daemon in the foreground, as a body sees it: it hears from the keeper alone, which passes on what
 * is true of all bodies. Runs in a keeper's body.
 */

import type { Binding } from '../binding/load.js'
import type { Attached } from '../inside/kept-body.js'
import type { Supervisor } from '../inside/state.js'
import { LONGEST_TIMER } from '../timer.js'

/** The keeper, in the place of a supervisor. */
export class KeeperAsSupervisor implements Supervisor {
  readonly #binding: Binding
  readonly #watchdog: number | undefined

  constructor(binding: Binding, { watchdog }: Attached) {
    this.#binding = binding
    this.#watchdog = watchdog
  }

  /** The keeper has told it. */
  starting(): void {}

  /** From now on it gives signs of life, by a timer of the event loop, so that a loop that hangs is noticed. */
  ready(): void {
    if (this.#watchdog === undefined) return
    const ping = (): void => this.#binding.tellSupervisor('WATCHDOG=1')
    ping()
    setInterval(ping, Math.min(Math.max(this.#watchdog / 2_000, 1), LONGEST_TIMER)).unref()
  }

  /** The context tells the keeper each text anyway. */
  status(): void {}

  reloading(): void {
    this.#binding.tellSupervisor('RELOADING=1')
  }

  reloaded(): void {
    this.#binding.tellSupervisor('READY=1')
  }

  /** The keeper ends the daemon, and tells it. */
  stopping(): void {}
}
