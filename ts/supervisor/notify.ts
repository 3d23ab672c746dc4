/**
 * The messages to systemd of a daemon that is not detached, sd_notify(3). A failure harms nothing. Runs in the daemon.
 */

import { type Notifier, native } from '../binding/native.js'
import type { Supervisor } from '../inside/state.js'
import { LONGEST_TIMER } from '../timer.js'
import type { Logger } from '../types/options.js'
import { notifyAddress, watchdogMicroseconds } from './environment.js'

/** How long a message that must arrive waits for a supervisor that does not read, in milliseconds. */
const PATIENCE = 1_000

/** The supervisor that wants messages; undefined if there is none. */
export function findSupervisor(logger: Logger | undefined): Supervisor | undefined {
  const address = notifyAddress()
  if (address === undefined || address === '') return undefined
  const found = native().connectNotifier(address)
  if (!('code' in found)) return new Systemd(found, logger)
  logger?.warn(found.message)
  return undefined
}

class Systemd implements Supervisor {
  readonly #notifier: Notifier
  readonly #logger: Logger | undefined
  /** From ready until the stop, because only then the messages of a reload are true. */
  #serves = false
  #isFailing = false

  constructor(notifier: Notifier, logger: Logger | undefined) {
    this.#notifier = notifier
    this.#logger = logger
  }

  starting(time: number): void {
    if (Number.isFinite(time)) this.#send([extension(time)], PATIENCE)
  }

  ready(): void {
    this.#serves = true
    this.#send(['READY=1', `MAINPID=${process.pid}`], PATIENCE)
    this.#watchdog()
  }

  status(text: string): void {
    // A message consists of lines, so a text must not have line ends of its own.
    this.#send([`STATUS=${text.replaceAll(/[\r\n]+/g, ' ')}`], 0)
  }

  reloading(): void {
    if (!this.#serves) return
    this.#send(['RELOADING=1', `MONOTONIC_USEC=${native().monotonicMicroseconds()}`], PATIENCE)
  }

  reloaded(): void {
    if (this.#serves) this.#send(['READY=1'], PATIENCE)
  }

  stopping(time: number): void {
    this.#serves = false
    this.#send(['STOPPING=1', ...(Number.isFinite(time) ? [extension(time)] : [])], PATIENCE)
  }

  /**
   * A timer of the event loop feeds it, so that a loop that hangs is noticed. The timer does not keep the loop alive.
   */
  #watchdog(): void {
    const microseconds = watchdogMicroseconds()
    if (microseconds === undefined) return
    const ping = (): void => this.#send(['WATCHDOG=1'], 0)
    ping()
    setInterval(ping, Math.min(Math.max(microseconds / 2_000, 1), LONGEST_TIMER)).unref()
  }

  #send(lines: readonly string[], patience: number): void {
    const failure = this.#notifier.send(lines.join('\n'), patience)
    // One warning for all failures in a row: a watchdog would repeat it for ever.
    if (failure !== null && !this.#isFailing) this.#logger?.warn(failure.message)
    this.#isFailing = failure !== null
  }
}

function extension(time: number): string {
  return `EXTEND_TIMEOUT_USEC=${Math.ceil(time) * 1_000}`
}
