/**
 * The foreground: this process becomes the daemon itself, with the lock, set-up, signals and clean-up of any daemon,
 * but without detaching. Runs in the process that becomes the daemon.
 */

import type { BodyKind } from '../handover/settings.js'
import { afterMain, evaluation } from '../inside/claim.js'
import { ownState } from '../inside/own-state.js'
import { type Args, type CheckedStart, preflight } from '../launcher/preflight.js'
import { checkRights } from '../options/rights.js'
import type { Settings } from '../options/settings.js'
import { beginService } from '../supervisor/service.js'
import { takeSockets } from '../supervisor/sockets.js'
import type { DaemonContext } from '../types/context.js'
import { becomeChecked, type ForegroundStart } from './become.js'
import { untilReady } from './body.js'
import { becomeKeeper, inKeeper, type KeeperStart } from './keeper.js'
import { refuseOptions, refuseSecond } from './refusals.js'

/** The daemon that this process is about to become. */
let pending: { pidFile: string; context: Promise<DaemonContext> } | undefined

/**
 * The start of a daemon that is this process.
 *
 * @throws AlreadyRunningError, UnsupportedError when the process is a daemon already, or is about to be one
 */
export function inForeground(settings: Settings, args: Args): ForegroundStart {
  begins(settings)
  return {
    settings,
    args,
    refuse: () => refuseOptions(settings),
    rights: () => checkRights(settings),
    find: () => takeSockets(settings.pidFile),
  }
}

/**
 * The start of a keeper that is this process.
 *
 * @throws as {@link inForeground}
 */
export function keeperInForeground(settings: Settings, args: Args): KeeperStart {
  begins(settings)
  return inKeeper(settings, args)
}

function begins(settings: Settings): void {
  refuseSecond(settings, pending?.pidFile)
  beginService()
}

/**
 * Runs the Daemon of these settings in this process; resolves when it is ready.
 *
 * @throws DaemonError as `Daemon#foreground` says; what the body throws before it is ready
 */
export async function foreground(settings: Settings, args: Args): Promise<DaemonContext> {
  if (settings.keeper !== undefined)
    return await keep(settings, preflight(keeperInForeground(settings, args)))
  return await run(settings, preflight(inForeground(settings, args)))
}

/** The same for a restart: the start has been checked, and the daemon before it stopped. */
export async function foregroundChecked(checked: CheckedStart<ForegroundStart>): Promise<DaemonContext> {
  // Asked again: this process may have become another daemon since.
  refuseSecond(checked.settings, pending?.pidFile)
  return await run(checked.settings, Promise.resolve(checked))
}

/** The same, where the daemon has a keeper, which this process becomes; it never resolves. */
export async function keeperChecked(checked: CheckedStart<KeeperStart>): Promise<never> {
  refuseSecond(checked.settings, pending?.pidFile)
  return await keep(checked.settings, Promise.resolve(checked))
}

/** Makes this process the daemon; the rest of its main module is the body. The same context again for later calls. */
export async function foregroundInline(settings: Settings, args: Args): Promise<DaemonContext> {
  if (pending?.pidFile === settings.pidFile) return await pending.context
  if (settings.keeper !== undefined)
    return await keep(settings, preflight(keeperInForeground(settings, args)))
  const intended = inForeground(settings, args)
  const evaluated = evaluation(settings.ready)
  const context = await become(settings, preflight(intended), 'program')
  const state = ownState()
  if (state !== undefined) void afterMain(state, settings.ready, context, evaluated)
  return context
}

async function run(
  settings: Settings,
  checking: Promise<CheckedStart<ForegroundStart>>,
): Promise<DaemonContext> {
  const context = await become(settings, checking, settings.run === undefined ? 'script' : 'program')
  const state = ownState()
  if (state === undefined) return context
  return await untilReady(state, settings, context)
}

function become(
  { pidFile }: Settings,
  checking: Promise<CheckedStart<ForegroundStart>>,
  kind: BodyKind,
): Promise<DaemonContext> {
  return alone(
    pidFile,
    checking.then((checked) => becomeChecked(checked, kind)),
  )
}

function keep({ pidFile }: Settings, checking: Promise<CheckedStart<KeeperStart>>): Promise<never> {
  return alone(pidFile, checking.then(becomeKeeper))
}

/** From its first turn on no other call makes this process a daemon. */
function alone<T extends DaemonContext>(pidFile: string, context: Promise<T>): Promise<T> {
  pending = { pidFile, context }
  const over = (): void => {
    pending = undefined
  }
  context.then(over, over)
  return context
}
