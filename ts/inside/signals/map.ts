/** `context.signals`: the daemon's signal actions, to be changed at any time. Runs in the daemon. */

import { InvalidOptionError } from '../../errors.js'
import type { SignalAction, SignalMap, SignalName } from '../../types/signals.js'
import { provided } from '../provided.js'
import type { SignalActions } from './actions.js'

/** Checks what the program gives, and changes the actions. */
export class Signals implements SignalMap {
  readonly #actions: SignalActions

  constructor(actions: SignalActions) {
    this.#actions = actions
  }

  set(signal: SignalName, action: SignalAction): this {
    this.#actions.set(
      provided().signalNameValue('signal', signal),
      provided().signalActionValue('action', action),
    )
    return this
  }

  get(signal: SignalName): SignalAction | undefined {
    return this.#actions.get(provided().signalNameValue('signal', signal))
  }

  delete(signal: SignalName): boolean {
    return this.#actions.delete(provided().signalNameValue('signal', signal))
  }

  async hold<T>(signals: SignalName | readonly SignalName[], fn: () => T | PromiseLike<T>): Promise<T> {
    const names = (Array.isArray(signals) ? signals : [signals]).map((name) =>
      provided().signalNameValue('signals', name),
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

  async once(name: SignalName, options: { signal?: AbortSignal } = {}): Promise<SignalName> {
    const signal = provided().signalNameValue('signal', name)
    const { signal: given } = options ?? {}
    const abort = given === undefined ? undefined : provided().abortSignalValue('signal', given)
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
