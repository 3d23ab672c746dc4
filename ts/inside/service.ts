/**
 * The service of the daemon's socket. Its code (`serving/`) is loaded when there is a socket, because most daemons
 * have none. Runs in the daemon, in the facade's bundle.
 */

import { native } from '../binding/native.js'
import type { SocketSettings } from '../handover/settings.js'
import type { ConnectionHandler } from '../types/connections.js'
import type { StopReason } from '../types/context.js'
import { provided } from './provided.js'
import type { Settled } from './shutdown.js'
import { throwUncaught } from './uncaught.js'

/** How the daemon serves its socket. Times in milliseconds. */
export interface Service {
  readonly socket: SocketSettings
  readonly version: string | undefined
  readonly idleTimeout: number
  /** Called when it has been unused for so long, or nobody can find it any more. */
  onIdle(): void
  /** Is told of connections that could not be accepted yet. */
  onFailure(text: string): void
}

/** The connections of the socket, once the code is there. */
export interface Served {
  readonly size: number
  handleBy(handler: ConnectionHandler): void
  ready(): void
  busy<T>(work: Promise<T>): Promise<T>
  /** Takes no connection any more. The stop's hooks wait for what it gives. */
  leave(reason: StopReason, stopTimeout: number | undefined): Settled | undefined
}

/** Takes what it is told while the code is being loaded, which takes no turn of the event loop. */
export class SocketService {
  readonly #loading: Promise<Served>
  #connections: Served | undefined

  constructor(service: Service) {
    this.#loading = provided().serve(service)
    this.#loading.then((connections) => {
      this.#connections = connections
    }, throwUncaught)
  }

  get size(): number {
    return this.#connections?.size ?? 0
  }

  handleBy(handler: ConnectionHandler): void {
    this.#loaded((connections) => connections.handleBy(handler))
  }

  ready(): void {
    this.#loaded((connections) => connections.ready())
  }

  async busy<T>(work: Promise<T>): Promise<T> {
    this.#loaded((connections) => void connections.busy(work).catch(() => {}))
    return await work
  }

  leave(reason: StopReason, stopTimeout: number | undefined): Settled | undefined {
    if (this.#connections !== undefined) return this.#connections.leave(reason, stopTimeout)
    native().leave()
    return undefined
  }

  #loaded(use: (connections: Served) => void): void {
    this.#loading.then(use, () => {})
  }
}
