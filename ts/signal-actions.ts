/** What each signal does in a daemon. Part of what is loaded before a script, so it imports nothing. */

/** An action by name; `'default'` is what the system, or Node.js, would do. */
export type NamedAction = 'stop' | 'reload' | 'reopen' | 'ignore' | 'default'

/** An action, or a handler that is given the signal's name. */
export type SignalAction = NamedAction | ((signal: NodeJS.Signals) => unknown)

/** What the named actions do. */
export interface Performer {
  stop(signal: NodeJS.Signals): unknown
  reload(signal: NodeJS.Signals): unknown
  reopen(signal: NodeJS.Signals): unknown
}

/** The terminal's own signals, and the one with which Node.js would open its inspector, are ignored. */
const DEFAULTS: Readonly<Partial<Record<NodeJS.Signals, NamedAction>>> = {
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
  readonly #performer: Performer
  /** An action applies only while the program has no listener of its own for that signal. */
  readonly #yielding: boolean
  readonly #given: Map<NodeJS.Signals, SignalAction> = new Map()
  readonly #listeners: Map<NodeJS.Signals, () => void> = new Map()
  readonly #waiters: Map<NodeJS.Signals, Set<() => void>> = new Map()
  /** How many holds there are on a signal, and which signals have come meanwhile. */
  readonly #held: Map<NodeJS.Signals, number> = new Map()
  readonly #deferred: Set<NodeJS.Signals> = new Set()

  constructor(performer: Performer, yielding: boolean, given: Readonly<Record<string, SignalAction>> = {}) {
    this.#performer = performer
    this.#yielding = yielding
    for (const signal of Object.keys(DEFAULTS)) this.#arrange(signal as NodeJS.Signals)
    this.setAll(given)
  }

  /** The names must be those of signals. */
  setAll(given: Readonly<Record<string, SignalAction>>): void {
    for (const [signal, action] of Object.entries(given)) this.set(signal as NodeJS.Signals, action)
  }

  get(signal: NodeJS.Signals): SignalAction | undefined {
    return this.#given.get(signal) ?? DEFAULTS[signal]
  }

  set(signal: NodeJS.Signals, action: SignalAction): void {
    this.#given.set(signal, action)
    this.#arrange(signal)
  }

  /** Back to the default; false when nothing else was in force. */
  delete(signal: NodeJS.Signals): boolean {
    const found = this.#given.delete(signal)
    this.#arrange(signal)
    return found
  }

  /** Calls `waiter` when the signal comes next, beside its action. Gives what ends the wait. */
  wait(signal: NodeJS.Signals, waiter: () => void): () => void {
    const waiters = this.#waiters.get(signal) ?? new Set()
    this.#waiters.set(signal, waiters.add(waiter))
    this.#arrange(signal)
    return () => {
      waiters.delete(waiter)
      this.#arrange(signal)
    }
  }

  /** Defers the signals until what it gives is called; then each that has come is delivered, once. */
  hold(signals: readonly NodeJS.Signals[]): () => void {
    const unique = new Set(signals)
    for (const signal of unique) {
      this.#held.set(signal, (this.#held.get(signal) ?? 0) + 1)
      this.#arrange(signal)
    }
    return () => {
      for (const signal of unique) this.#release(signal)
    }
  }

  /** Takes all listeners away. */
  dispose(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener)
    this.#listeners.clear()
  }

  #release(signal: NodeJS.Signals): void {
    const others = (this.#held.get(signal) ?? 1) - 1
    if (others > 0) {
      this.#held.set(signal, others)
      return
    }
    this.#held.delete(signal)
    if (this.#deferred.delete(signal)) this.#deliver(signal)
    this.#arrange(signal)
  }

  /** A listener where there is something to do; where there is none the system's default is in force. */
  #arrange(signal: NodeJS.Signals): void {
    const listener = this.#listeners.get(signal)
    const wanted = this.#acts(signal) || this.#held.has(signal) || (this.#waiters.get(signal)?.size ?? 0) > 0
    if (wanted && listener === undefined) {
      const added = (): void => this.#arrived(signal)
      this.#listeners.set(signal, added)
      process.on(signal, added)
    } else if (!wanted && listener !== undefined) {
      this.#listeners.delete(signal)
      process.off(signal, listener)
    }
  }

  /** Node.js has a handler for SIGUSR1 that does not come back when a listener goes: the inspector is opened here. */
  #acts(signal: NodeJS.Signals): boolean {
    const action = this.get(signal)
    return (action !== undefined && action !== 'default') || signal === 'SIGUSR1'
  }

  #arrived(signal: NodeJS.Signals): void {
    if (this.#held.has(signal)) this.#deferred.add(signal)
    else this.#deliver(signal)
  }

  #deliver(signal: NodeJS.Signals): void {
    const waiters = [...(this.#waiters.get(signal) ?? [])]
    for (const waiter of waiters) waiter()
    const isAlone = process.listenerCount(signal) <= (this.#listeners.has(signal) ? 1 : 0)
    if (this.#acts(signal)) {
      if (isAlone || !this.#yielding) this.#perform(signal)
    } else if (waiters.length === 0 && isAlone) {
      this.#raiseDefault(signal)
    }
  }

  /** What was deferred, though nothing but the system's default was in force. */
  #raiseDefault(signal: NodeJS.Signals): void {
    this.#arrange(signal)
    process.kill(process.pid, signal)
  }

  #perform(signal: NodeJS.Signals): void {
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
