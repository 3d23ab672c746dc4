/** The wait for connections at the daemon's own socket. Runs in the daemon. */

import type { DaemonError } from '../errors.js'
import { toError } from './errors.js'
import { beginWait, begun, endWait } from './waits.js'

/** A wait for connections at the daemon's own socket. */
export interface ListenerWait {
  /** Waits for the next one; gives why it cannot, if so: try again later. */
  again(): DaemonError | undefined
  end(): void
}

/** Calls `listener` when a connection waits at the daemon's own socket; once, until `again()`. */
export function awaitConnections(listener: () => void): ListenerWait {
  const { id, pool } = beginWait((waits) => begun(waits.listener()), listener)
  return {
    again() {
      const failure = pool.waits.listenAgain(id)
      return failure === null ? undefined : toError(failure)
    },
    end: () => endWait(pool, id),
  }
}
