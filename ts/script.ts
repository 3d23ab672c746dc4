/** The daemon of a `script`: one that is its own body, or the module that constructs the Daemon whose `run` is. */

import { adopted } from './adopted.js'
import { contextOf } from './context.js'
import { atOnce, mainEvaluated } from './readiness.js'

/** Claims for a Daemon that the module has constructed: the facade that did so tells how. */
type ClaimConstructed = () => void

const CLAIM = Symbol.for('daimon.claim-constructed')

/** Remembers how the last Daemon that the main module constructed for the adopted pidfile claims. */
export function offerClaim(claim: ClaimConstructed): void {
  Reflect.set(globalThis, CLAIM, claim)
}

/** Before the script's first line. */
export function beginScript(): void {
  if (adopted === undefined || adopted.settings.kind === 'program') return
  const state = adopted
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
