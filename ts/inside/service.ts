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
export interface ServicePlan {
  readonly socket: SocketSettings
  readonly version: string | undefined
  readonly idleTimeout: number
  /** Called when it has been unused for so long, or nobody can find it any more. */
  onIdle(): void
  /** Is told of connections that could not be accepted yet. */
  onFailure(text: string): void
}

/** The service of the socket. */
export interface Service {
  /** How many connections are open. */
  readonly size: number
  handleBy(handler: ConnectionHandler): void
  ready(): void
  busy<T>(work: Promise<T>): Promise<T>
  /** Takes no connection any more. The stop's hooks wait for what it gives. */
  leave(reason: StopReason, stopTimeout: number | undefined): Settled | undefined
}

/**
 * The service, from before its code is there: what it is told meanwhile it passes on in that order. To load the code
 * takes no turn of the event loop, except in a bundle that has it in another file.
 */
export class LateService implements Service {
  readonly #loading: Promise<Service>
  #loaded: Service | undefined

  constructor(plan: ServicePlan) {
    this.#loading = provided().serve(plan)
    this.#loading.then((service) => {
      this.#loaded = service
    }, throwUncaught)
  }

  get size(): number {
    return this.#loaded?.size ?? 0
  }

  handleBy(handler: ConnectionHandler): void {
    this.#tell((service) => service.handleBy(handler))
  }

  ready(): void {
    this.#tell((service) => service.ready())
  }

  async busy<T>(work: Promise<T>): Promise<T> {
    this.#tell((service) => void service.busy(work).catch(() => {}))
    return await work
  }

  leave(reason: StopReason, stopTimeout: number | undefined): Settled | undefined {
    if (this.#loaded !== undefined) return this.#loaded.leave(reason, stopTimeout)
    native().leave()
    return undefined
  }

  #tell(what: (service: Service) => void): void {
    // The constructor throws the failure to load.
    this.#loading.then(what, () => {})
  }
}
