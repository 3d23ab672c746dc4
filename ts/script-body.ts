/** The beginning of a daemon whose main module is a script. Part of every such start, so it is small and stands alone. */

import type { AdoptedState } from './adopted.js'
import { complain } from './complain.js'
import { atOnce, mainEvaluated } from './readiness.js'
import { SignalActions } from './signal-actions.js'

/** Before the script's first line, after the preloads of its flags, which may look for files in the launcher's folder. */
export function begin(state: AdoptedState): void {
  if (state.settings.kind === 'script') {
    state.enter()
    state.claimed = true
    // The script's end is the daemon's, as that of any program.
    state.onIdle = () => {}
    const performer = { stop: () => process.exit(0), reload: handOver, reopen: handOver }
    state.standIns = new SignalActions(performer, true, state.settings.signals)
    state.markListening()
  }
  // By then the evaluation of the main module has begun.
  setImmediate(() => void settle(state))
}

/** Making a context replaces what these actions do: the signal comes once more. */
async function handOver(signal: NodeJS.Signals): Promise<void> {
  try {
    const { Daemon } = await import('./index.js')
    if (Daemon.current !== undefined) process.emit(signal, signal)
  } catch (error) {
    // The package has been removed, or replaced by another version, since the start.
    complain(`daimon: ${signal} has no effect: ${String(error)}`)
  }
}

async function settle(state: AdoptedState): Promise<void> {
  const { kind, ready } = state.settings
  if (kind === 'module' || ready !== 'running') await mainEvaluated()
  if (kind === 'module') {
    // A module that has constructed nothing for this pidfile will not do so later: it has ended unclaimed.
    if (!state.claimed) (state.claimConstructed ?? state.onIdle)()
    return
  }
  await atOnce()
  // A `daemonize()` or a Daemon with `run` that the script has called says itself when it is ready.
  if (ready !== 'manual' && !state.hasOwnBody) state.markReady()
}
