/**
 * The actions of signals in a daemon. Runs in the daemon. It is loaded before a script, so it imports nothing of
 * Node's.
 */

import { IS_WINDOWS } from '../../binding/platform.js'
import { signalNumbers } from '../../binding/signal-numbers.js'
import type { NamedAction, SignalAction, SignalName } from '../../types/signals.js'
import { countQuestions } from './asking.js'
import { noteSource, raiseSignal } from './delivered.js'
import { keep, listenersOf, refresh } from './kept-listeners.js'

/** The effects of the named actions. */
export interface Performer {
  stop(signal: SignalName): unknown
  /** Whether a stop is the process's end at once, with nothing to be done before. */
  stopsAtOnce(): boolean
  reload(signal: SignalName): unknown
  reopen(signal: SignalName): unknown
}

/**
 * The terminal's own signals are ignored, and so is SIGUSR1, by which Node.js would open its inspector. SIGBREAK is
 * Ctrl-Break in a console of Windows.
 */
const DEFAULTS: Readonly<Partial<Record<SignalName, NamedAction>>> = {
  SIGTERM: 'stop',
  SIGINT: 'stop',
  SIGQUIT: 'stop',
  SIGHUP: 'reload',
  SIGTSTP: 'ignore',
  SIGTTIN: 'ignore',
  SIGTTOU: 'ignore',
  SIGUSR1: 'ignore',
  ...(IS_WINDOWS ? { SIGBREAK: 'stop' } : {}),
}

/**
 * The actions in force, and the listeners that carry them out: one for each signal, before all other listeners, and
 * visible to code that asks for listeners. A library that asks, as signal-exit does, wants to know whether the signal
 * ends the process. It sees our listener, so it leaves the signal to us. A listener that does not ask handles the
 * signal.
 */
export class SignalActions {
  #performer: Performer
  /** An action applies only while the program has no listener of its own for that signal. */
  #yields: boolean
  readonly #given: Map<SignalName, SignalAction> = new Map()
  readonly #listeners: Map<SignalName, () => void> = new Map()
  readonly #waiters: Map<SignalName, Set<() => void>> = new Map()
  /** How many holds each signal has; and the signals that have come meanwhile, with whether they were left to us. */
  readonly #held: Map<SignalName, number> = new Map()
  readonly #deferred: Map<SignalName, boolean> = new Map()
  /** Signals that have come, while their other listeners are being called. */
  readonly #arriving: Set<SignalName> = new Set()
  /** The other listeners, if all of them left the signal to us when it last came; else none. */
  readonly #asking: Map<SignalName, readonly unknown[]> = new Map()
  /** The signal that ends the process: our listener steps away from it. */
  #last: SignalName | undefined

  constructor(performer: Performer, yields: boolean, given: Readonly<Record<string, SignalAction>> = {}) {
    this.#performer = performer
    this.#yields = yields
    for (const signal of Object.keys(DEFAULTS)) this.#arrange(signal as SignalName)
    this.setAll(given)
  }

  /** For a script that gets a context: until then it had a performer of its own. */
  performBy(performer: Performer): void {
    this.#performer = performer
    this.arrangeAll()
  }

  /** For a script that brings a body of its own: from now on actions apply beside its own listeners. */
  standBeside(): void {
    this.#yields = false
    this.arrangeAll()
  }

  /** Called when the performer's answers have changed. */
  arrangeAll(): void {
    for (const signal of this.#listeners.keys()) this.#arrange(signal)
  }

  /** The names must be those of signals. */
  setAll(given: Readonly<Record<string, SignalAction>>): void {
    for (const [signal, action] of Object.entries(given)) this.set(signal as SignalName, action)
  }

  get(signal: SignalName): SignalAction | undefined {
    return this.#given.get(signal) ?? DEFAULTS[signal]
  }

  set(signal: SignalName, action: SignalAction): void {
    this.#given.set(signal, action)
    this.#arrange(signal)
  }

  /** Back to the default; false when nothing else was in force. */
  delete(signal: SignalName): boolean {
    const found = this.#given.delete(signal)
    this.#arrange(signal)
    return found
  }

  /** Calls `waiter` when the signal comes next, beside its action. Gives what ends the wait. */
  wait(signal: SignalName, waiter: () => void): () => void {
    const waiters = this.#waiters.get(signal) ?? new Set()
    this.#waiters.set(signal, waiters.add(waiter))
    this.#arrange(signal)
    return () => {
      waiters.delete(waiter)
      // A turn later: code that waits in a loop has asked again by then, and the system's default is never in force.
      setImmediate(() => this.#arrange(signal))
    }
  }

  /** Defers the signals until what it gives is called; then each that has come is delivered, once. */
  hold(signals: readonly SignalName[]): () => void {
    const unique = new Set(signals)
    for (const signal of unique) {
      this.#held.set(signal, (this.#held.get(signal) ?? 0) + 1)
      this.#arrange(signal)
    }
    return () => {
      const due = [...unique].filter((signal) => this.#release(signal))
      for (const signal of due) this.#deliverReleased(signal)
    }
  }

  /**
   * The last step of a stop by this signal: if all other listeners have left it to us, they get it once more, without
   * our listener, so that they know that the process ends.
   */
  sayLast(signal: SignalName): void {
    const others = this.#others(signal)
    if (others.length === 0 || !this.#haveAsked(signal, others)) return
    this.#last = signal
    this.#arrange(signal)
    const events: NodeJS.EventEmitter = process
    events.emit(signal, signal, signalNumbers()[signal])
  }

  /** Whether the signal has come meanwhile, and has no other hold. */
  #release(signal: SignalName): boolean {
    const others = (this.#held.get(signal) ?? 1) - 1
    if (others > 0) this.#held.set(signal, others)
    else this.#held.delete(signal)
    const isDue = others <= 0 && this.#deferred.has(signal)
    if (!isDue) this.#arrange(signal)
    return isDue
  }

  /** An error of a handler is the program's own, as without the hold: it is thrown outside of the hold's promise. */
  #deliverReleased(signal: SignalName): void {
    const isOurs = this.#deferred.get(signal) === true
    this.#deferred.delete(signal)
    try {
      this.#deliver(signal, isOurs)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    } finally {
      this.#arrange(signal)
    }
  }

  /** Listens if there is something to do for the signal; otherwise the system's default is in force. */
  #arrange(signal: SignalName): void {
    if (this.#listeners.has(signal)) {
      refresh(signal)
    } else if (this.#isWanted(signal)) {
      const listener = (): void => {
        noteSource(signal)
        this.#arrived(signal)
      }
      this.#listeners.set(signal, listener)
      keep(signal, listener, { isFirst: true, isWanted: () => this.#stands(signal) })
    }
  }

  #isWanted(signal: SignalName): boolean {
    return this.#acts(signal) || this.#isAwaited(signal)
  }

  #isAwaited(signal: SignalName): boolean {
    return this.#held.has(signal) || (this.#waiters.get(signal)?.size ?? 0) > 0
  }

  /** Node.js has a handler for SIGUSR1 that does not come back when a listener goes: the inspector is opened here. */
  #acts(signal: SignalName): boolean {
    const action = this.get(signal)
    return (action !== undefined && action !== 'default') || signal === 'SIGUSR1'
  }

  /**
   * Our listener steps away from a single other listener if our action yields to it and would end the process at once,
   * as the system would. The other listener then sees what it would see without daimon, whenever it asks; ours is back
   * before the other one goes. Our listener does not step away from several others: each would wait for the rest.
   */
  #stands(signal: SignalName): boolean {
    if (!this.#isWanted(signal)) return false
    const others = this.#others(signal).length
    if (signal === this.#last) return others === 0
    const isEnd = this.get(signal) === 'stop' && this.#performer.stopsAtOnce()
    return others !== 1 || !isEnd || !this.#yields || this.#isAwaited(signal)
  }

  #others(signal: SignalName): readonly unknown[] {
    const ours = this.#listeners.get(signal)
    return listenersOf(signal).filter((listener) => listener !== ours)
  }

  /** Whether all of them left the signal to us when it last came. */
  #haveAsked(signal: SignalName, others: readonly unknown[]): boolean {
    const asking = this.#asking.get(signal) ?? []
    return others.every((listener) => asking.includes(listener))
  }

  /** Our listener is called first. Whether the signal is ours may depend on whether the others ask. */
  #arrived(signal: SignalName): void {
    if (this.#arriving.has(signal)) return
    const others = this.#others(signal)
    const isSure = others.length === 0 || (this.#acts(signal) && !this.#yieldsNow(signal))
    if (others.length > 0) this.#watch(signal, others, isSure)
    if (isSure) this.#take(signal, true)
  }

  /** By the next microtask the other listeners have been called. */
  #watch(signal: SignalName, others: readonly unknown[], isSure: boolean): void {
    const asked = countQuestions(signal)
    this.#arriving.add(signal)
    queueMicrotask(() => {
      this.#arriving.delete(signal)
      const present = listenersOf(signal)
      // A listener that asked and stays has done nothing. One that is gone, or has removed another, has handled it.
      const isLeft = asked() >= others.length && others.every((listener) => present.includes(listener))
      this.#asking.set(signal, isLeft ? others : [])
      if (!isSure) this.#take(signal, !this.#yieldsNow(signal) || this.#haveAsked(signal, others))
    })
  }

  /** The inspector, Node's default for SIGUSR1, opens only if there is no other listener. */
  #yieldsNow(signal: SignalName): boolean {
    return this.#yields || this.get(signal) === 'default'
  }

  #take(signal: SignalName, isOurs: boolean): void {
    if (this.#held.has(signal)) this.#deferred.set(signal, isOurs || this.#deferred.get(signal) === true)
    else this.#deliver(signal, isOurs)
  }

  #deliver(signal: SignalName, isOurs: boolean): void {
    const waiters = [...(this.#waiters.get(signal) ?? [])]
    for (const waiter of waiters) waiter()
    if (this.#acts(signal)) {
      if (isOurs) this.#perform(signal)
    } else if (waiters.length === 0 && this.#haveAsked(signal, this.#others(signal))) {
      this.#raiseDefault(signal)
    }
  }

  /** Sends the signal again: it came to our listener, but the system's default was in force for it. */
  #raiseDefault(signal: SignalName): void {
    this.#arrange(signal)
    raiseSignal(signal)
  }

  #perform(signal: SignalName): void {
    const action = this.get(signal)
    if (typeof action === 'function') action(signal)
    else if (action === 'stop') this.#performer.stop(signal)
    else if (action === 'reload') this.#performer.reload(signal)
    else if (action === 'reopen') this.#performer.reopen(signal)
    else if (action === 'default') openInspector()
  }
}

function openInspector(): void {
  const inspector = process.getBuiltinModule('node:inspector')
  if (inspector.url() === undefined) inspector.open(process.debugPort)
}
