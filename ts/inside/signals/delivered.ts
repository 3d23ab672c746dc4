/**
 * Signals on Windows, which has none: the native part hears of them by the daemon's own pipe, and they are delivered
 * here as Node.js delivers the system's. Runs in the daemon. It is loaded before a script, so it imports nothing of
 * Node's.
 */

import type { Binding } from '../../binding/load.js'
import { IS_WINDOWS } from '../../binding/platform.js'
import { exitCodeOf, signalNumbers } from '../../binding/signal-numbers.js'
import { listenersOf } from './kept-listeners.js'

/** Delivers the signals of this daemon from now on; until then SIGTERM ends it. Elsewhere the system delivers them. */
export function takeSignals(binding: Binding): void {
  if (!IS_WINDOWS) return
  binding.takeSignals((number) => {
    const [name] = entryOf(number)
    if (name !== undefined) process.nextTick(deliver, name, number)
  })
}

/** Whether listeners hear of a signal that was sent, and not of the system's own. */
let isDelivering = false

let isClosing = false

/** Called by our listener of a signal, at the very moment in which it comes. */
export function noteSource(signal: string): void {
  if (IS_WINDOWS && signal === 'SIGHUP' && !isDelivering) isClosing = true
}

/** Whether a SIGHUP has come that nobody has sent: then the console closes, and the process ends soon. */
export function isConsoleClosing(): boolean {
  return isClosing
}

/** Sends a signal to this very process. */
export function raiseSignal(signal: string | number): void {
  if (!IS_WINDOWS) return void process.kill(process.pid, signal)
  const [name, number] = entryOf(signal)
  // SIGKILL is the end of the process there, too.
  if (name === undefined || name === 'SIGKILL') process.kill(process.pid, signal)
  else process.nextTick(deliver, name, number)
}

function entryOf(signal: string | number): [name?: string, number?: number] {
  return Object.entries(signalNumbers()).find((entry) => entry.includes(signal)) ?? []
}

/**
 * Without a listener the default of all of them is in force: the end of the process. Called in a turn of its own, so
 * that an error of a listener is the program's.
 */
function deliver(name: string, number: number): void {
  const events: NodeJS.EventEmitter = process
  if (listenersOf(name).length === 0) process.exit(exitCodeOf(name))
  isDelivering = true
  try {
    events.emit(name, name, number)
  } finally {
    isDelivering = false
  }
}
