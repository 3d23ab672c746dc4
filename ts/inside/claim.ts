/** Decides which body the daemon runs. Runs in the daemon, called by the facade's verbs. */

import { never } from '../never.js'
import { turn } from '../turn.js'
import type { DaemonContext } from '../types/context.js'
import type { ReadyMode, RunFunction } from '../types/options.js'
import { contextOf } from './context.js'
import { ownState } from './own-state.js'
import { provided } from './provided.js'
import { atOnce, mainEvaluated, readyOrOver } from './ready.js'
import type { Bringer, State } from './state.js'
import { throwUncaught } from './uncaught.js'

/** A Daemon that claims, or a call of `daemonize()`, whose body is the rest of the main module. */
export interface Claimant extends Bringer {
  readonly ready: ReadyMode
}

/** Claims. The context is made later, when the process has the folder and the rights of the body. */
function claim(state: State, claimant: Claimant, body: (context: DaemonContext) => void): boolean {
  return state.claim(() => body(contextOf(state, claimant)), serviceBeforehand(state))
}

/**
 * The code that serves a socket, where the body has another root folder or user: a bundle may have that code in a file
 * of its own. If it cannot be loaded, the context says so.
 */
function serviceBeforehand({ settings }: State): Promise<void> | undefined {
  const { socket, chroot, identity } = settings
  if (socket === undefined || (chroot === undefined && identity === undefined)) return undefined
  return provided()
    .loadService()
    .catch(() => {})
}

/** Makes `run` the body. False when this daemon has another one already. */
export function claimWithRun(claimant: Claimant, self: object | undefined, run: RunFunction): boolean {
  const state = ownState()
  if (state === undefined) return false
  return claim(state, claimant, (context) => {
    runBody(state, claimant.ready, context, () => run.apply(self, [context, ...context.args])).catch(
      throwUncaught,
    )
  })
}

/** Runs a body; when it has begun and has not failed at once, the daemon is ready. */
export async function runBody(
  state: State,
  mode: ReadyMode,
  context: DaemonContext,
  run: () => unknown,
): Promise<void> {
  if (mode === 'running') void atOnce().then(() => context.ready())
  await run()
  if (mode === 'manual') return
  await readyUnlessFailed(state, context)
}

/** Makes a body that has begun ready, unless it fails at once. */
async function readyUnlessFailed(state: State, context: DaemonContext): Promise<void> {
  await atOnce()
  await readyOrOver(state, () => context.ready())
}

/** Claims for a Daemon without a body: the rest of the main module is the body. A plain script has one already. */
export function claimWithoutBody(claimant: Claimant): boolean {
  const state = ownState()
  if (state?.phase !== 'unclaimed') return false
  const evaluated = evaluation(claimant.ready)
  return claim(state, claimant, (context) => void afterMain(state, claimant.ready, context, evaluated))
}

let inline: Promise<DaemonContext> | undefined

/** Makes the rest of the main module the body; the same context again for later calls. */
export function claimInline(claimant: Claimant): Promise<DaemonContext> {
  const state = ownState()
  if (state === undefined) return never
  if (!state.mayClaim) return inline ?? present(state)
  const evaluated = evaluation(claimant.ready)
  inline = new Promise((resolve) => {
    claim(state, claimant, (context) => {
      resolve(context)
      void afterMain(state, claimant.ready, context, evaluated)
    })
  })
  return inline
}

/** The context of a body that another call has brought, once it has folder and rights. */
async function present(state: State): Promise<DaemonContext> {
  if (state.setUpFailure !== undefined) throw state.setUpFailure.error
  while (state.phase === 'pending') await turn()
  return contextOf(state)
}

/** Called before root folder and rights change, because afterwards the main module may be out of reach. */
export function evaluation(mode: ReadyMode): Promise<void> {
  return mode === 'auto' ? mainEvaluated() : Promise.resolve()
}

/** Ready when the rest of the main module has been evaluated and has not failed at once. */
export async function afterMain(
  state: State,
  mode: ReadyMode,
  context: DaemonContext,
  evaluated: Promise<void>,
): Promise<void> {
  if (mode === 'manual') return
  await evaluated
  await readyUnlessFailed(state, context)
}
