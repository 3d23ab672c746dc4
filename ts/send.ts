/** `send()`: a signal by pidfile alone. */

import { signalNumber } from './binding/signal-names.js'
import { signalHolder } from './control/stop.js'
import { isOwn, isPending, isUnclaimed } from './inside/claim.js'
import { never } from './inside/shutdown.js'
import { pathValue } from './options/index.js'
import { OPTIONS } from './options/table.js'
import type { PathLike } from './types/options.js'
import type { SignalName } from './types/signals.js'

/**
 * Sends a signal to the daemon that provably holds the pidfile. To one that is being started, and would be ended by
 * the signal, it is sent as soon as it has handlers, for which this waits 30 seconds at most; for proof it waits a
 * second.
 *
 * @throws NotRunningError, UnverifiedError, PermissionDeniedError, PidFileError, InvalidOptionError
 */
export async function send(pidFile: PathLike, signal: SignalName | number): Promise<void> {
  const path = pathValue('pidFile', pidFile)
  const number = signalNumber(signal, 'signal')
  if (isUnclaimed()) return
  if (isPending()) return await never
  if (isOwn(path)) process.kill(process.pid, number)
  else await signalHolder(path, number, OPTIONS.readyTimeout.default)
}
