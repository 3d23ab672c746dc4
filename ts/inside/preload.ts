/**
 * Loaded before everything else in a daemon, by a flag that it then hides: CommonJS and one file, so that no user code
 * has run yet.
 */

import './adopt.js'
import { begin } from './begin-script.js'
import { adopted, becomeWorkerOfDaemon } from './state.js'

const state = adopted()
// Workers inherit the flag; processes do not.
if (state === undefined) becomeWorkerOfDaemon()
if (state !== undefined && state.settings.kind !== 'program' && state.isSettledByImport !== true) {
  beforeMain((isLate) => {
    // Its first lines have had rights that they were not to have.
    if (isLate && state.settings.kind === 'script' && state.settings.identity !== undefined)
      throw new Error(
        'daimon: rights were not given up before the script began: a preload has replaced Module.runMain',
      )
    begin(state)
  })
}

/**
 * After all preloads. Node.js calls `runMain` by its public name, for ES modules, too, so that it can be wrapped: there
 * is no later moment before the first line of a CommonJS program. A runtime that does not call it gets the first turn.
 */
function beforeMain(work: (isLate: boolean) => void): void {
  const loader = process.getBuiltinModule('node:module')
  const { runMain } = loader
  let begun = false
  const once = (isLate: boolean): void => {
    if (begun) return
    begun = true
    // Unless somebody else has wrapped it since.
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
