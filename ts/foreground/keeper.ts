/**
 * A keeper in the foreground: this process executes it in its own place, and the keeper runs the program as its bodies.
 * Runs in the process that becomes the daemon.
 */

import { executeKeeper } from '../binding/launch-waits.js'
import { native } from '../binding/native.js'
import { isMainThread } from '../binding/platform.js'
import { encodePayload, planWithPayload } from '../handover/payload.js'
import { launchSettings } from '../handover/settings.js'
import type { Args, CheckedStart, StartRequest } from '../launcher/preflight.js'
import { checkFiles } from '../launcher/program/files.js'
import { type Program, programOf } from '../launcher/program/index.js'
import { refuseProgram } from '../launcher/refusals.js'
import { cwdOf, planOf } from '../launcher/start.js'
import { compileCacheOf } from '../options/compile-cache.js'
import { makeDefaultFolder } from '../options/default-folder.js'
import { checkRights } from '../options/rights.js'
import type { Settings } from '../options/settings.js'
import { notifyAddress, watchdogMicroseconds } from '../supervisor/environment.js'
import { findSupervisor } from '../supervisor/notify.js'
import { takeSockets } from '../supervisor/sockets.js'
import { refuseWorker } from './refusals.js'
import { streamsOf } from './streams.js'

/** A start of a keeper that is this process: the program of its bodies, and the sockets of its supervisor. */
export type KeeperStart = StartRequest<
  Settings,
  { readonly program: Program; readonly sockets: Readonly<Record<string, number>> }
>

/** The start of a keeper that is this process. */
export function inKeeper(settings: Settings, args: Args): KeeperStart {
  return {
    settings,
    args,
    refuse() {
      if (!isMainThread(native())) refuseWorker(settings)
      refuseProgram(settings)
    },
    rights: () => checkRights(settings),
    find(rights) {
      const program = programOf(settings, rights)
      if (settings.executable === undefined) checkFiles(program, settings)
      return { program, sockets: takeSockets(settings.pidFile) }
    },
  }
}

/**
 * Makes this process the keeper; never resolves.
 *
 * @throws DaemonError of those that the lock, the sockets and the system have; the reason of the settings' `signal`
 */
export async function becomeKeeper(checked: CheckedStart<KeeperStart>): Promise<never> {
  const { bytes, rights, resources } = checked
  const stdio = { ...streamsOf(checked.settings), stdin: stdinOf(checked.settings) }
  const settings = { ...checked.settings, stdio }
  const { signal, logger, lockTimeout, readyTimeout } = settings
  signal?.throwIfAborted()
  makeDefaultFolder(settings)
  findSupervisor(logger)?.starting(lockTimeout + readyTimeout)
  const program = { ...resources.program, env: withJournal(resources.program.env, settings) }
  const { identity } = rights
  const told = {
    ...launchSettings(settings, {
      kind: program.kind,
      cwd: cwdOf(settings),
      identity,
      compileCache: compileCacheOf(settings, identity),
    }),
    attached: { watchdog: watchdogMicroseconds() },
  }
  const isOfNode = settings.executable === undefined
  // Any other program is told nothing.
  const payload = isOfNode ? encodePayload({ settings: told, args: bytes }) : Buffer.alloc(0)
  const own = planOf(settings, program, rights)
  const plan = isOfNode ? planWithPayload(own, payload, bytes) : own
  logger?.debug(`keeping ${program.args.join(' ')}`)
  return await executeKeeper(plan, payload, resources.sockets, notifyAddress(), signal)
}

/** Bodies are in process groups of their own, which cannot read from a terminal; and several cannot share an input. */
function stdinOf({ given }: Settings): Settings['stdio']['stdin'] {
  return given.stdin ?? { kind: 'null' }
}

/** The outputs stay the journal's, so that its variable stays true. */
function withJournal(env: string[], { cleanEnv, env: given }: Settings): string[] {
  const name = 'JOURNAL_STREAM'
  const value = process.env[name]
  return value === undefined || cleanEnv || Object.hasOwn(given, name) ? env : [...env, `${name}=${value}`]
}
