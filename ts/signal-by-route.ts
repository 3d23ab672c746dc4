/** What `Daemon#signal` and `send()` have in common. Runs in both processes. */

import { native } from './binding/native.js'
import { signalHolder } from './control/stop.js'
import { ownState } from './inside/own-state.js'
import type { Route } from './inside/route.js'
import { raiseSignal } from './inside/signals/delivered.js'
import { never } from './never.js'

/**
 * Sends a signal as the route says. `patience` is how long to wait for the handlers of a daemon that is being started,
 * in milliseconds.
 *
 * @throws NotRunningError, UnverifiedError, PermissionDeniedError, PidFileError; the reason of `abort`
 */
export async function signalByRoute(
  route: Route,
  pidFile: string,
  number: number,
  patience: number,
  abort?: AbortSignal,
): Promise<void> {
  switch (route) {
    case 'beginning':
      return await never
    case 'unclaimed':
      return
    case 'self':
      return raiseInDaemon(number)
    case 'outside':
      return await signalHolder(pidFile, number, patience, abort)
  }
}

/** A body of a keeper sends it to the keeper, which passes it on to all of them. */
function raiseInDaemon(number: number): void {
  if (ownState()?.kept === undefined) raiseSignal(number)
  else native().tellKeeper('signal', String(number))
}
