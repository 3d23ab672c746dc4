/** How a daemon stops: hooks in reverse order, under one deadline, then the exit. */

import { constants } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import { shown } from '../handover/thrown.js'
import type { StopHook, StopReason } from '../types/context.js'
import type { Logger } from '../types/options.js'
import type { SignalName } from '../types/signals.js'
import { keep } from './signals/kept-listeners.js'
import { complain } from './stderr.js'

/** A promise for what ends the process instead of settling. */
export const never: Promise<never> = new Promise(() => {})

/** Of those that Node has, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

export class Stopping {
  readonly #abort: AbortController = new AbortController()
  readonly #hooks: StopHook[] = []
  readonly #timeout: number
  readonly #logger: () => Logger | undefined
  readonly #sayLast: (signal: SignalName) => void
  #begun = false
  /** A hook or an uncaught error: the exit code says so. */
  #failed = false

  /** @param sayLast - called at a stop by a signal, when the hooks have run */
  constructor(timeout: number, logger: () => Logger | undefined, sayLast: (signal: SignalName) => void) {
    this.#timeout = timeout
    this.#logger = logger
    this.#sayLast = sayLast
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get begun(): boolean {
    return this.#begun
  }

  get hasHooks(): boolean {
    return this.#hooks.length > 0
  }

  /** A signal's action. A second Ctrl-C means now; any other signal is another caller, who cuts nothing short. */
  onSignal(signal: SignalName): void {
    if (this.#begun && (signal === 'SIGINT' || signal === 'SIGQUIT')) process.exit(exitCodeOf(signal))
    void this.begin({ by: 'signal', signal }, 0)
  }

  addHook(hook: StopHook): void {
    if (this.#hooks.length === 0) keep('uncaughtException', this.#onUncaught)
    this.#hooks.push(hook)
  }

  /** Begins to stop; later calls change nothing. */
  begin(reason: StopReason, code: number): Promise<never> {
    if (this.#begun) return never
    this.#begun = true
    this.#logger()?.info(`stopping (${describe(reason)})`)
    // Referenced on purpose: a hook that waits for nothing must not end the process before its time.
    if (Number.isFinite(this.#timeout)) setTimeout(() => this.#overdue(), this.#timeout)
    else setInterval(() => {}, LONGEST_TIMER)
    this.#abort.abort()
    void this.#finish(reason, code)
    return never
  }

  async #finish(reason: StopReason, code: number): Promise<void> {
    // The signal's other listeners come first, and whoever waits for it or for `signal` may end what they do.
    await turn()
    for (const hook of [...this.#hooks].reverse()) {
      try {
        await hook(reason)
      } catch (error) {
        this.#fail('stop hook', error)
      }
    }
    try {
      if (reason.by === 'signal') this.#sayLast(reason.signal)
    } catch (error) {
      this.#fail('signal listener', error)
    }
    process.exit(this.#failed ? 1 : code)
  }

  #fail(what: string, error: unknown): void {
    this.#failed = true
    complain(`A ${what} has failed: ${shown(error)}`)
    this.#logFailure(`a ${what} has failed`, error)
  }

  /** A logger that cannot show the error must not keep the other hooks from running. */
  #logFailure(text: string, error: unknown): void {
    try {
      this.#logger()?.error(text, error)
    } catch (failure) {
      complain(`daimon: the logger has failed: ${shown(failure)}`)
    }
  }

  #overdue(): void {
    const what = `the stop hooks took more than ${this.#timeout} ms`
    this.#logger()?.error(what)
    complain(`daimon: ${what}`)
    process.exit(1)
  }

  /** Only with hooks: without them Node's own way is left alone. A program's own handler takes precedence. */
  readonly #onUncaught = (error: unknown): void => {
    if (process.listenerCount('uncaughtException') > 1) return
    complain(`Uncaught ${shown(error)}`)
    // While it stops already, the hooks go on: what they save matters more than a late error.
    this.#failed = true
    void this.begin({ by: 'error', error }, 1)
  }
}

function describe(reason: StopReason): string {
  if (reason.by === 'signal') return reason.signal
  return reason.by === 'stop' ? `stop(${reason.code})` : reason.by
}

/** The code with which a process exits that a signal would have ended, as shells have it. */
function exitCodeOf(signal: SignalName): number {
  return 128 + constants.signals[signal]
}
