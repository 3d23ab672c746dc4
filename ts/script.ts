/** The daemon of a `script`: one that is its own body, or the module that constructs the Daemon whose `run` is. */

import { type AdoptedState, adopted } from './adopted.js'
import { contextOf } from './context.js'
import { atOnce, mainEvaluated } from './readiness.js'

/** Claims for a Daemon that the module has constructed: the facade that did so tells how. */
type ClaimConstructed = () => void

const CLAIM = Symbol.for('daimon.claim-constructed')

/** Remembers how the last Daemon that the main module constructed for the adopted pidfile claims. */
export function offerClaim(claim: ClaimConstructed): void {
  Reflect.set(globalThis, CLAIM, claim)
}

if (adopted !== undefined) adopted.beginScript = () => beginScript(adopted)

/** Before the script's first line. */
function beginScript(state: AdoptedState | undefined): void {
  if (state === undefined || state.settings.kind === 'program') return
  if (state.settings.kind === 'script') {
    process.chdir(state.settings.cwd)
    state.claimed = true
    contextOf(state)
  }
  // A preload's own immediates come before the main module; this one comes after its evaluation has begun.
  setImmediate(() => void endScript())
}

async function endScript(): Promise<void> {
  if (adopted === undefined) return
  const { settings } = adopted
  if (settings.ready !== 'running') await mainEvaluated()
  if (settings.kind === 'module') {
    if (!adopted.claimed) Reflect.get(globalThis, CLAIM)?.()
    return
  }
  await atOnce()
  // A `daemonize()` or a Daemon with `run` that the script has called says itself when it is ready.
  if (settings.ready === 'manual' || adopted.hasOwnBody) return
  contextOf(adopted).ready()
}
