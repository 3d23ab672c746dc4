/**
 * Loaded before everything else in a daemon, by a flag that it then hides. CommonJS and one file: no code of the user's
 * has run before it.
 */

import './adopt.js'
import { shared } from '../binding/shared.js'
import { beginScript } from './begin-script.js'
import { beginKeptWorker } from './kept-body.js'
import { becomeWorkerOfDaemon, presentState } from './state.js'

// Workers inherit the flag; processes do not.
if (shared() === undefined) {
  becomeWorkerOfDaemon()
  beginKeptWorker()
}
const state = presentState()
if (state !== undefined && state.settings.kind !== 'program') {
  const begin = (): void => beginScript(state)
  if (state.isBegunByImport) state.beginScript = begin
  else {
    beforeMain((isLate) => {
      // The script's first lines have run with rights that they should not have.
      if (isLate && state.settings.kind === 'script' && state.settings.identity !== undefined)
        throw new Error(
          'daimon: rights were not given up before the script began: a preload has replaced Module.runMain',
        )
      begin()
    })
  }
}

/**
 * Calls `work` after all preloads. Node.js calls `runMain` by its public name, for ES modules, too, so it can be
 * wrapped: there is no later moment before the first line of a CommonJS program. If a runtime does not call it,
 * `work` is called in the first turn.
 */
function beforeMain(work: (isLate: boolean) => void): void {
  const loader = process.getBuiltinModule('node:module')
  const { runMain } = loader
  let begun = false
  const once = (isLate: boolean): void => {
    if (begun) return
    begun = true
    // Unless other code has wrapped it since.
    if (loader.runMain === wrapped) loader.runMain = runMain
    work(isLate)
  }
  const wrapped = (main?: string): void => {
    once(false)
    Reflect.apply(runMain, loader, main === undefined ? [] : [main])
  }
  loader.runMain = wrapped
  setImmediate(once, true)
}
