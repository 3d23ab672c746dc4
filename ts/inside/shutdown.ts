/** How a daemon stops: hooks in reverse order, under one deadline, then the exit. Runs in the daemon. */

import { exitCodeOf } from '../binding/signal-numbers.js'
import { shown } from '../handover/thrown.js'
import { never } from '../never.js'
import { LONGEST_TIMER } from '../timer.js'
import { turn } from '../turn.js'
import type { StopHook, StopReason } from '../types/context.js'
import type { Logger } from '../types/options.js'
import type { SignalName } from '../types/signals.js'
import { keep } from './signals/kept-listeners.js'
import { writeStderr } from './stderr.js'

/** Resolves when what is under way has ended. */
export type Settled = () => Promise<void>

/** The stop of this daemon, which happens once. */
export class Shutdown {
  readonly #abort: AbortController = new AbortController()
  readonly #hooks: StopHook[] = []
  readonly #timeout: number
  readonly #logger: () => Logger | undefined
  readonly #sayLast: (signal: SignalName) => void
  #onBegin: (reason: StopReason) => Settled | undefined = () => undefined
  #begun = false
  /** A hook has failed, or an error was uncaught: the exit code is 1. */
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

  /**
   * Called when the stop begins, before anything else. What it gives is called when the listeners of `signal` have run,
   * and the hooks wait for that.
   */
  onBegin(work: (reason: StopReason) => Settled | undefined): void {
    this.#onBegin = work
  }

  get hasHooks(): boolean {
    return this.#hooks.length > 0
  }

  /** A signal's action. A second Ctrl-C ends the process at once; any other signal leaves the hooks their time. */
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
    // These timers keep the event loop alive on purpose: a hook whose promise never settles must not end the process.
    if (Number.isFinite(this.#timeout)) setTimeout(() => this.#overdue(), this.#timeout)
    else setInterval(() => {}, LONGEST_TIMER)
    const settled = this.#onBegin(reason)
    this.#abort.abort()
    void this.#finish(reason, code, settled)
    return never
  }

  async #finish(reason: StopReason, code: number, settled: Settled | undefined): Promise<void> {
    // Let other listeners of the signal, and code that waits for `context.signal`, finish first.
    await turn()
    await settled?.()
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
    writeStderr(`A ${what} has failed: ${shown(error)}`)
    this.#logFailure(`a ${what} has failed`, error)
  }

  /** A logger that throws must not keep the other hooks from running. */
  #logFailure(text: string, error: unknown): void {
    try {
      this.#logger()?.error(text, error)
    } catch (failure) {
      writeStderr(`daimon: the logger has failed: ${shown(failure)}`)
    }
  }

  #overdue(): void {
    const what = `the stop hooks took more than ${this.#timeout} ms`
    this.#logger()?.error(what)
    writeStderr(`daimon: ${what}`)
    process.exit(1)
  }

  /**
   * Listens only while there are hooks; without hooks Node.js ends the process itself. The program's own handler
   * wins.
   */
  readonly #onUncaught = (error: unknown): void => {
    if (process.listenerCount('uncaughtException') > 1) return
    writeStderr(`Uncaught ${shown(error)}`)
    // If the stop has begun, let the hooks go on: the data that they save matter more than a late error.
    this.#failed = true
    void this.begin({ by: 'error', error }, 1)
  }
}

function describe(reason: StopReason): string {
  if (reason.by === 'signal') return reason.signal
  return reason.by === 'stop' ? `stop(${reason.code})` : reason.by
}
