/**
 * Calls the verbs that are loaded with their first use (`verbs.ts`). What the caller may change meanwhile, and what
 * must not be missed, is taken before the first await. Runs in both processes.
 */

import { IS_WINDOWS } from './binding/platform.js'
import type { Look } from './control/status.js'
import { serializedNow } from './handover/args.js'
import { ownState } from './inside/own-state.js'
import type { Route } from './inside/route.js'
import { loadServing, loadVerbs, type Verbs } from './late.js'
import { never } from './never.js'
import type { LogsSettings, Settings } from './options/settings.js'
import { defaultSocket } from './options/socket.js'
import type { DaemonSocket } from './types/connections.js'
import type { Running, Status } from './types/status.js'

/** The verbs that begin a body. */
type BodyVerb = 'begin' | 'become' | 'replace'

/** Calls a verb that begins a body, where this process is not the daemon. */
export async function callBodyVerb<V extends BodyVerb>(
  verb: V,
  settings: Settings,
  args: readonly unknown[],
): Promise<Awaited<ReturnType<Verbs[V]>>>
export async function callBodyVerb(
  verb: BodyVerb,
  settings: Settings,
  args: readonly unknown[],
): Promise<unknown> {
  const isThisProcess = verb === 'become' || settings.detach === false
  // A keeper's bodies are processes of their own.
  const given = !isThisProcess || settings.keeper !== undefined ? serializedNow(args) : args
  const verbs = await loadVerbs()
  verbs.refuseArguments(settings, args)
  return await verbs[verb](settings, given)
}

/**
 * Calls `connect()`, for a Daemon with the option `socket` or without.
 *
 * @param mayStart - whether a daemon that does not run is started, if it has a body
 */
export async function callConnect(
  settings: Settings,
  args: readonly unknown[],
  mayStart: boolean,
): Promise<DaemonSocket> {
  const socket = settings.socket ?? defaultSocket(settings.pidFile)
  const hasBody = settings.run !== undefined || settings.script !== undefined
  const given = mayStart && hasBody ? serializedNow(args) : undefined
  const { connect } = await loadVerbs()
  // A pipe without a hello is one for any client.
  const { framed } = IS_WINDOWS && socket.hello ? await loadServing() : {}
  return await connect({ settings: { ...settings, socket }, socket, args: given }, framed)
}

/** Calls `ensure()`, where this process is not the daemon. */
export async function callEnsure(settings: Settings, args: readonly unknown[]): Promise<Running> {
  const given = serializedNow(args)
  const { ensure, refuseArguments } = await loadVerbs()
  refuseArguments(settings, args)
  return await ensure(settings, given)
}

/** Calls `upgrade()`. */
export async function callUpgrade(settings: Settings, args: readonly unknown[]): Promise<Running> {
  const given = args.length === 0 ? undefined : serializedNow(args)
  const { upgrade, refuseArguments } = await loadVerbs()
  refuseArguments(settings, args)
  // A body that has itself replaced is to hear how that has come out.
  const release = ownState()?.kept?.hold()
  try {
    return await upgrade(settings, typeof given === 'function' ? await given() : given)
  } finally {
    release?.()
  }
}

/** The state of a daemon, with its bodies where it has a keeper: at once where it has none. */
export function callBodies<T extends Status>({ found, mayHaveKeeper }: Look<T>): T | Promise<Running> {
  if (found.state !== 'running' || !mayHaveKeeper) return found
  return bodiesOf(found)
}

async function bodiesOf(found: Running): Promise<Running> {
  const { withBodies } = await loadVerbs()
  return await withBodies(found)
}

/** Calls `logs()`. */
export function callLogs(settings: Settings, logs: LogsSettings, route: Route): AsyncIterable<string> {
  // Nothing to wait for where the verb only looks: the launcher has followed the log.
  const follow = logs.follow && route !== 'unclaimed'
  // Before the iteration: lines that are written meanwhile would be missed.
  const verbs = loadVerbs()
  verbs.catch(() => {})
  return lines(verbs, settings, { ...logs, follow }, route)
}

async function* lines(
  verbs: Promise<Verbs>,
  settings: Settings,
  logs: LogsSettings,
  route: Route,
): AsyncGenerator<string, void, undefined> {
  // The body is about to begin.
  if (route === 'beginning') return await never
  const { readLogs } = await verbs
  yield* readLogs(settings, logs)
}

/** Rejects a verb that cannot make the process of a daemon that daemon. @throws AlreadyRunningError */
export async function refuseSelf(pidFile: string): Promise<never> {
  const { alreadyThisProcess } = await loadVerbs()
  throw alreadyThisProcess(pidFile)
}
