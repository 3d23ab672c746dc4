/**
 * The beginning of a daemon whose main module is a script. Part of every such start, so it is small and stands alone.
 */

import { loadBinding } from '../binding/load.js'
import type { SignalName } from '../types/signals.js'
import { atOnce, mainEvaluated, readyOrOver } from './ready.js'
import { reopenLogs } from './reopen.js'
import { SignalActions } from './signals/actions.js'
import type { AdoptedState } from './state.js'

/**
 * Before the script's first line, after the preloads of its flags, which may look for files in the launcher's folder.
 */
export function begin(state: AdoptedState): void {
  if (state.settings.kind === 'script') {
    // Now, and all that a reload needs: the user to come may not be able to read the package, nor find it there later.
    const binding = loadBinding()
    state.enter()
    state.claimed = true
    // The script's end is the daemon's, as that of any program.
    state.onIdle = () => {}
    // Where nobody has asked for a context nobody listens to it either: the logs are all that there is to a reload.
    const reopen = (): void => reopenLogs(binding, state.settings)
    const stop = (signal: SignalName): never => {
      actions.sayLast(signal)
      process.exit(0)
    }
    const performer = { stop, stopsAtOnce: () => true, reload: reopen, reopen }
    const actions = new SignalActions(performer, true, state.settings.signals)
    state.standIns = actions
    state.markListening()
  }
  // By then the evaluation of the main module has begun.
  setImmediate(() => void settle(state))
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
  const markReady = (): void => {
    if (!state.hasOwnBody) state.markReady()
  }
  if (ready !== 'manual') await readyOrOver(markReady, () => state.tellEnd?.())
}
