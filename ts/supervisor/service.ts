/**
 * A service of Windows: this process becomes it without a wrapper program, and tells the service control manager of its
 * course. Runs in the process that becomes the daemon.
 */

import { native } from '../binding/native.js'
import { IS_WINDOWS } from '../binding/platform.js'
import { keep } from '../inside/signals/kept-listeners.js'
import type { Supervisor } from '../inside/state.js'

/** How often the manager is told that a start or a stop goes on, in milliseconds. */
const BETWEEN_REPORTS = 1_000

/** How long a start or a stop may take that may take for ever, until its next report, in milliseconds. */
const WITHOUT_END = 60_000

/** The longest time that a report can tell, in milliseconds. */
const LONGEST = 2 ** 31

let isBegun = false

/**
 * Begins to be the service, if this process is one, before anything can fail: from now on the manager learns the exit
 * code. Does not wait for the manager.
 */
export function beginService(): void {
  if (isBegun || !IS_WINDOWS || !native().beginService()) return
  isBegun = true
  keep('exit', (code: number) => native().endService(code))
}

/** The manager, if this process is its service. */
export function findManager(): Supervisor | undefined {
  return isBegun && native().isServiceJoined() ? new Manager() : undefined
}

class Manager implements Supervisor {
  #timer: NodeJS.Timeout | undefined
  #report: (() => void) | undefined

  starting(time: number): void {
    this.#goesOn('starting', time)
  }

  ready(): void {
    clearInterval(this.#timer)
    this.#report = undefined
    native().reportService('running', 0)
  }

  /** It has no place for a text, which tells that the start or the stop goes on all the same. */
  status(): void {
    this.#report?.()
  }

  /** It does not wait for a reload. */
  reloading(): void {}

  reloaded(): void {}

  stopping(time: number): void {
    this.#goesOn('stopping', time)
  }

  /**
   * A timer of the event loop reports, so that a loop that hangs is noticed, and so is a start or a stop that takes
   * longer than it may. The timer does not keep the loop alive.
   */
  #goesOn(course: 'starting' | 'stopping', time: number): void {
    clearInterval(this.#timer)
    const hint = Number.isFinite(time) ? Math.min(Math.ceil(time), LONGEST) : WITHOUT_END
    const report = (): void => native().reportService(course, hint)
    this.#report = report
    report()
    const until = performance.now() + time
    this.#timer = setInterval(() => {
      if (performance.now() < until) report()
    }, BETWEEN_REPORTS).unref()
  }
}
