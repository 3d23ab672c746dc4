/** The daemon's default signal actions. */

const STOP = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const
/** What a terminal would send, and the signal with which Node would open its inspector. */
const IGNORED = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR1'] as const

/** What the signals do. */
export interface SignalActions {
  stop(signal: NodeJS.Signals): unknown
  reload(): unknown
}

/**
 * Puts the default actions in place. With `yielding` each applies only while the program has no listener of its own for
 * that signal.
 *
 * @returns takes them away again
 */
export function installDefaults(actions: SignalActions, yielding: boolean): () => void {
  const installed: [NodeJS.Signals, () => void][] = []
  const on = (signal: NodeJS.Signals, action: (signal: NodeJS.Signals) => unknown): void => {
    const listener = (): void => {
      if (!yielding || process.listenerCount(signal) === 1) action(signal)
    }
    process.on(signal, listener)
    installed.push([signal, listener])
  }
  for (const signal of STOP) on(signal, actions.stop)
  on('SIGHUP', actions.reload)
  for (const signal of IGNORED) on(signal, () => {})
  return () => {
    for (const [signal, listener] of installed) process.off(signal, listener)
  }
}
