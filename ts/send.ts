/** `send()`: a signal by pidfile alone. Runs in both processes. */

import { signalHolder } from './control/stop.js'
import { route } from './inside/route.js'
import { never } from './never.js'
import { signalNumber } from './options/signal-names.js'
import { OPTIONS } from './options/table.js'
import { pathValue } from './options/values.js'
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
  switch (route(path)) {
    case 'beginning':
      return await never
    case 'unclaimed':
      return
    case 'self':
      return void process.kill(process.pid, number)
    case 'outside':
      return await signalHolder(path, number, OPTIONS.readyTimeout.default)
  }
}
