/**
 * The beginning of a daemon whose main module is a script. Runs in the daemon, as part of the preload: it is small and
 * stands alone.
 */

import { loadBinding } from '../binding/load.js'
import { seam } from '../binding/seam.js'
import type { SignalName } from '../types/signals.js'
import { atOnce, mainEvaluated, readyOrOver } from './ready.js'
import { reopenLogs } from './reopen.js'
import type { State } from './state.js'

/**
 * Called before the script's first line, and after the preloads of its flags: these may look for files in the
 * launcher's folder.
 */
export function beginScript(state: State): void {
  if (state.settings.kind === 'script') becomeScript(state)
  // By then the evaluation of the main module has begun.
  setImmediate(() => void afterEvaluation(state))
}

function becomeScript(state: State): void {
  // Loaded now, for reloads: the user that this process becomes may not be able to read the package, or it may be gone.
  const binding = loadBinding()
  seam(binding, 'script.begun')
  state.becomeScript()
  // A reload only reopens the logs: there is no context yet, so there are no listeners.
  const reopen = (): void => reopenLogs(binding, state.settings)
  const stop = (signal: SignalName): never => {
    actions.sayLast(signal)
    process.exit(0)
  }
  const actions = state.actionsBy({ stop, stopsAtOnce: () => true, reload: reopen, reopen })
  state.markListening()
}

/** A module with `run` claims when it has been evaluated; a script that goes on after that is ready. */
async function afterEvaluation(state: State): Promise<void> {
  const { kind, ready } = state.settings
  if (kind === 'module' || ready !== 'running') await mainEvaluated()
  // A module that has constructed nothing for this pidfile will not do so later: it has ended unclaimed.
  if (kind === 'module') return state.mainEnded()
  await atOnce()
  // A `daemonize()` or a Daemon with `run` that the script has called says itself when it is ready.
  const markReady = (): void => {
    if (!state.hasOwnBody) state.markReady()
  }
  if (ready !== 'manual') await readyOrOver(state, markReady)
}
