/** The daemon's default signal actions. */

import { exitCodeOf, type Stopping } from './stopping.js'

const STOP = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const
/** What a terminal would send, and the signal with which Node would open its inspector. */
const IGNORED = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR1'] as const

/** Puts the default actions in place. With `yielding` each applies only while the program has no listener of its own. */
export function installDefaults(stopping: Stopping, reload: () => void, yielding: boolean): void {
  const on = (signal: NodeJS.Signals, action: (signal: NodeJS.Signals) => void): void => {
    process.on(signal, () => {
      if (yielding && process.listenerCount(signal) > 1) return
      action(signal)
    })
  }
  for (const signal of STOP) {
    on(signal, () => {
      // A second Ctrl-C means now; a second SIGTERM is another caller of stop, who must not cut the first short.
      if (stopping.begun && signal !== 'SIGTERM') process.exit(exitCodeOf(signal))
      void stopping.begin({ by: 'signal', signal }, 0)
    })
  }
  on('SIGHUP', reload)
  for (const signal of IGNORED) on(signal, () => {})
}
