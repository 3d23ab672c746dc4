/** In a daemon that the launcher has executed: which body it is going to run. */

import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { isDenied } from '../binding/denied.js'
import { native } from '../binding/native.js'
import type { DaemonContext } from '../types/context.js'
import type { ReadyMode, RunFunction } from '../types/options.js'
import { contextOf } from './context.js'
import { atOnce, mainEvaluated, readyOrOver } from './ready.js'
import { never } from './shutdown.js'
import { type AdoptedState, adopted, type Bringer } from './state.js'

/** What claims: a Daemon, or a call of `daemonize()`, whose body is the rest of the main module. */
export interface Claimant extends Bringer {
  readonly ready: ReadyMode
}

/** Whether the path is that of this daemon's own pidfile, by whatever way it leads there. */
export function isOwn(pidFile: string): boolean {
  const own = adopted()?.pidFile
  if (own === undefined) return false
  if (pidFile === own) return true
  try {
    return resolved(pidFile) === resolved(own)
  } catch {
    // Node.js does not permit to look: the core sees whether it is the very file that this process holds.
    const { state, pid } = native().status(pidFile)
    return state === 'running' && pid === process.pid
  }
}

function resolved(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch (error) {
    if (isDenied(error)) throw error
    // Its folder is gone, so it can be no other's.
    return path
  }
}

/** Whether this is a daemon whose body is still to be found: verbs on other Daemons then only look. */
export function isUnclaimed(): boolean {
  return adopted()?.claimed === false
}

/** Whether the body is about to begin: what the launcher's program does after its verb is not for the daemon. */
export function isPending(): boolean {
  return adopted()?.isPending === true
}

/** A plain script is its own body; only a Daemon with a `run` of its own, or `daemonize()`, can take its place. */
function mayClaim(state: AdoptedState): boolean {
  if (state.setUpFailure !== undefined) return false
  return !state.claimed || (state.settings.kind === 'script' && !state.hasOwnBody)
}

/** In the next turn, so that the rest of the synchronous program runs before, as in the launcher. */
function begin(state: AdoptedState, claimant: Claimant, body: (context: DaemonContext) => void): void {
  state.claimed = true
  state.hasOwnBody = true
  state.isPending = true
  setImmediate(() => {
    state.isPending = false
    state.enter()
    const context = contextOf(state, claimant)
    body(context)
  })
}

/** An error of the body is the process's own, as if nobody had been in between. */
export function throwUncaught(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}

/** Makes `run` the body. False when this daemon has another one already. */
export function claimWithRun(claimant: Claimant, self: object | undefined, run: RunFunction): boolean {
  const state = adopted()
  if (state === undefined || !mayClaim(state)) return false
  begin(state, claimant, (context) => {
    runBody(claimant.ready, context, () => run.apply(self, [context, ...context.args])).catch(throwUncaught)
  })
  return true
}

/** Runs a body to the end of its beginning; then the daemon is ready. */
export async function runBody(mode: ReadyMode, context: DaemonContext, run: () => unknown): Promise<void> {
  if (mode === 'running') void atOnce().then(() => context.ready())
  await run()
  if (mode === 'manual') return
  await beginning(context)
}

/** The body has begun, and has not failed at once. */
async function beginning(context: DaemonContext): Promise<void> {
  await atOnce()
  await readyOrOver(
    () => context.ready(),
    () => adopted()?.tellEnd?.(),
  )
}

/** Claims for a Daemon without a body: the rest of the main module is the body. */
export function claimWithoutBody(claimant: Claimant): boolean {
  const state = adopted()
  if (state === undefined || state.claimed) return false
  const evaluated = evaluation(claimant.ready)
  begin(state, claimant, (context) => void afterMain(claimant.ready, context, evaluated))
  return true
}

let inline: Promise<DaemonContext> | undefined

/** Makes the rest of the main module the body; the same context again for later calls. */
export function claimInline(claimant: Claimant): Promise<DaemonContext> {
  const state = adopted()
  if (state === undefined) return never
  if (!mayClaim(state)) return inline ?? present(state)
  const evaluated = evaluation(claimant.ready)
  inline = new Promise((resolve) => {
    begin(state, claimant, (context) => {
      resolve(context)
      void afterMain(claimant.ready, context, evaluated)
    })
  })
  return inline
}

/** The context of a body that somebody else has brought, once it has folder and rights. */
async function present(state: AdoptedState): Promise<DaemonContext> {
  if (state.setUpFailure !== undefined) throw state.setUpFailure.error
  if (state.isPending) await turn()
  return contextOf(state)
}

/** Asked for before root folder and rights change: the main module may be out of reach then. */
export function evaluation(mode: ReadyMode): Promise<void> {
  return mode === 'auto' ? mainEvaluated() : Promise.resolve()
}

/** Ready when the rest of the main module has been evaluated and has not failed at once. */
export async function afterMain(
  mode: ReadyMode,
  context: DaemonContext,
  evaluated: Promise<void>,
): Promise<void> {
  if (mode === 'manual') return
  await evaluated
  await beginning(context)
}
