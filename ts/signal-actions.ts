/** What each signal does in a daemon. Part of what is loaded before a script, so it imports nothing. */

import type { NamedAction, SignalAction, SignalName } from './types/signals.js'

/** What the named actions do. */
export interface Performer {
  stop(signal: SignalName): unknown
  reload(signal: SignalName): unknown
  reopen(signal: SignalName): unknown
}

/** The terminal's own signals, and the one with which Node.js would open its inspector, are ignored. */
const DEFAULTS: Readonly<Partial<Record<SignalName, NamedAction>>> = {
  SIGTERM: 'stop',
  SIGINT: 'stop',
  SIGQUIT: 'stop',
  SIGHUP: 'reload',
  SIGTSTP: 'ignore',
  SIGTTIN: 'ignore',
  SIGTTOU: 'ignore',
  SIGUSR1: 'ignore',
}

/** The actions in force, and the listeners that carry them out. */
export class SignalActions {
  /** Replaced when a script that has had stand-ins gets a context. */
  performer: Performer
  /**
   * An action applies only while the program has no listener of its own for that signal. Ours is off then, since what
   * looks for other listeners, as signal-exit does, must see what it would see without us.
   */
  readonly #yielding: boolean
  readonly #given: Map<SignalName, SignalAction> = new Map()
  readonly #listeners: Map<SignalName, () => void> = new Map()
  readonly #waiters: Map<SignalName, Set<() => void>> = new Map()
  /** How many holds there are on a signal, and which signals have come meanwhile. */
  readonly #held: Map<SignalName, number> = new Map()
  readonly #deferred: Set<SignalName> = new Set()

  constructor(performer: Performer, yielding: boolean, given: Readonly<Record<string, SignalAction>> = {}) {
    this.performer = performer
    this.#yielding = yielding
    if (yielding) {
      process.on('newListener', this.#onNewListener)
      process.on('removeListener', this.#onRemovedListener)
    }
    for (const signal of Object.keys(DEFAULTS)) this.#arrange(signal as SignalName)
    this.setAll(given)
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
      // A turn later: who waits in a loop asks again by then, and no signal meets the system's default in between.
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

  readonly #onNewListener = (event: string | symbol, listener: unknown): void => {
    const ours = this.#listeners.get(event as SignalName)
    if (ours === undefined || ours === listener) return
    // When the new one is on: a signal that nobody listens to in between would be Node's no longer.
    queueMicrotask(() => {
      if (process.listenerCount(event) > 1) process.off(event, ours)
    })
  }

  readonly #onRemovedListener = (event: string | symbol): void => {
    const ours = this.#listeners.get(event as SignalName)
    if (ours === undefined || process.listenerCount(event) > 0) return
    process.on(event, ours)
  }

  /** Whether the signal has come meanwhile, and nobody else holds it. */
  #release(signal: SignalName): boolean {
    const others = (this.#held.get(signal) ?? 1) - 1
    if (others > 0) this.#held.set(signal, others)
    else this.#held.delete(signal)
    const due = others <= 0 && this.#deferred.delete(signal)
    if (!due) this.#arrange(signal)
    return due
  }

  /** What a handler throws is the program's own error, as it would have been without the hold. */
  #deliverReleased(signal: SignalName): void {
    try {
      this.#deliver(signal)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    } finally {
      this.#arrange(signal)
    }
  }

  /** A listener where there is something to do; where there is none the system's default is in force. */
  #arrange(signal: SignalName): void {
    const listener = this.#listeners.get(signal)
    const wanted = this.#acts(signal) || this.#held.has(signal) || (this.#waiters.get(signal)?.size ?? 0) > 0
    if (wanted && listener === undefined) {
      const added = (): void => this.#arrived(signal)
      const isFree = process.listenerCount(signal) === 0
      this.#listeners.set(signal, added)
      if (isFree || !this.#yielding) process.on(signal, added)
    } else if (!wanted && listener !== undefined) {
      this.#listeners.delete(signal)
      process.off(signal, listener)
    }
  }

  /** Node.js has a handler for SIGUSR1 that does not come back when a listener goes: the inspector is opened here. */
  #acts(signal: SignalName): boolean {
    const action = this.get(signal)
    return (action !== undefined && action !== 'default') || signal === 'SIGUSR1'
  }

  #arrived(signal: SignalName): void {
    if (this.#held.has(signal)) this.#deferred.add(signal)
    else this.#deliver(signal)
  }

  #deliver(signal: SignalName): void {
    const waiters = [...(this.#waiters.get(signal) ?? [])]
    for (const waiter of waiters) waiter()
    const isAlone = process.listenerCount(signal) <= (this.#listeners.has(signal) ? 1 : 0)
    if (this.#acts(signal)) {
      this.#perform(signal)
    } else if (waiters.length === 0 && isAlone) {
      this.#raiseDefault(signal)
    }
  }

  /** What was deferred, though nothing but the system's default was in force. */
  #raiseDefault(signal: SignalName): void {
    this.#arrange(signal)
    process.kill(process.pid, signal)
  }

  #perform(signal: SignalName): void {
    const action = this.get(signal)
    if (typeof action === 'function') action(signal)
    else if (action === 'stop') this.performer.stop(signal)
    else if (action === 'reload') this.performer.reload(signal)
    else if (action === 'reopen') this.performer.reopen(signal)
    else if (action === 'default') openInspector()
  }
}

function openInspector(): void {
  const inspector = process.getBuiltinModule('node:inspector')
  if (inspector.url() === undefined) inspector.open(process.debugPort)
}
