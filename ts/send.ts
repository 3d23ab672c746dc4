/** `send()`: a signal by pidfile alone. Runs in both processes. */

import { route } from './inside/route.js'
import { signalNumber } from './options/signal-names.js'
import { OPTIONS } from './options/table.js'
import { pathValue } from './options/values.js'
import { signalByRoute } from './signal-by-route.js'
import type { PathLike } from './types/options.js'
import type { SignalName } from './types/signals.js'

/**
 * Sends a signal to the daemon that provably holds the pidfile. To a daemon that is being started, and would be ended
 * by the signal, it is sent as soon as it has handlers, for which this waits 30 seconds at most; for proof it waits a
 * second.
 *
 * @throws NotRunningError, UnverifiedError, PermissionDeniedError, PidFileError, InvalidOptionError, UnsupportedError
 */
export async function send(pidFile: PathLike, signal: SignalName | number): Promise<void> {
  const path = pathValue('pidFile', pidFile)
  const number = signalNumber(signal, 'signal')
  await signalByRoute(route(path), path, number, OPTIONS.readyTimeout.default)
}
