/** `context.signals`: the daemon's signal actions, to be changed at any time. */

import { InvalidOptionError } from './errors.js'
import { abortSignalValue, signalActionValue, signalNameValue } from './options.js'
import type { SignalAction, SignalActions } from './signal-actions.js'

/** The signals' actions. What has not been set has the default; where there is none, the system's applies. */
export interface SignalMap {
  /**
   * Sets an action, from now on. Listeners of the program's own (`process.on`) are called beside it.
   *
   * @throws InvalidOptionError for an unknown signal or action, and for SIGKILL and SIGSTOP
   */
  set(signal: NodeJS.Signals, action: SignalAction): this
  /** The action in force; undefined where the system's own is. */
  get(signal: NodeJS.Signals): SignalAction | undefined
  /** Gives the signal its default action back; false when it had that. */
  delete(signal: NodeJS.Signals): boolean
  /**
   * Runs `fn` and defers the actions of these signals until it has ended, however it does; then each signal that has
   * come is delivered, once. Resolves to what `fn` gives.
   */
  hold<T>(signals: NodeJS.Signals | readonly NodeJS.Signals[], fn: () => T | PromiseLike<T>): Promise<T>
  /**
   * Waits until the signal comes next, beside its action; one without action does nothing else meanwhile. Does not keep
   * the event loop alive.
   *
   * @throws the reason of `options.signal` when that aborts
   */
  once(signal: NodeJS.Signals, options?: { signal?: AbortSignal }): Promise<NodeJS.Signals>
}

export class Signals implements SignalMap {
  readonly #actions: SignalActions

  constructor(actions: SignalActions) {
    this.#actions = actions
  }

  set(signal: NodeJS.Signals, action: SignalAction): this {
    this.#actions.set(signalNameValue('signal', signal), signalActionValue('action', action))
    return this
  }

  get(signal: NodeJS.Signals): SignalAction | undefined {
    return this.#actions.get(signalNameValue('signal', signal))
  }

  delete(signal: NodeJS.Signals): boolean {
    return this.#actions.delete(signalNameValue('signal', signal))
  }

  async hold<T>(
    signals: NodeJS.Signals | readonly NodeJS.Signals[],
    fn: () => T | PromiseLike<T>,
  ): Promise<T> {
    const names = (Array.isArray(signals) ? signals : [signals]).map((name) =>
      signalNameValue('signals', name),
    )
    if (typeof fn !== 'function') {
      throw new InvalidOptionError(`What runs during a hold must be a function, not ${typeof fn}.`, {
        option: 'fn',
        value: fn,
      })
    }
    const release = this.#actions.hold(names)
    try {
      return await fn()
    } finally {
      release()
    }
  }

  async once(name: NodeJS.Signals, options: { signal?: AbortSignal } = {}): Promise<NodeJS.Signals> {
    const signal = signalNameValue('signal', name)
    const { signal: given } = options ?? {}
    const abort = given === undefined ? undefined : abortSignalValue('signal', given)
    abort?.throwIfAborted()
    return await new Promise((resolve, reject) => {
      const end = this.#actions.wait(signal, () => finish(() => resolve(signal)))
      const onAbort = (): void => finish(() => reject(abort?.reason))
      abort?.addEventListener('abort', onAbort, { once: true })
      function finish(settle: () => void): void {
        end()
        abort?.removeEventListener('abort', onAbort)
        settle()
      }
    })
  }
}
