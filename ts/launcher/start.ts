/** A start: its plan, its messages to the daemon, and its outcome. Runs in the launcher. */

import { join } from 'node:path'
import { keeperFile } from '../binding/load.js'
import { type LaunchedDaemon, type NativePlan, native } from '../binding/native.js'
import { seam } from '../binding/seam.js'
import { withBodies } from '../control/bodies.js'
import { presentStatus } from '../control/status.js'
import { encodePayload, planWithPayload } from '../handover/payload.js'
import { encodeRelaunch, relaunchOf } from '../handover/relaunch.js'
import { launchSettings, ownerOf } from '../handover/settings.js'
import { compileCacheOf } from '../options/compile-cache.js'
import { byShellFolder, currentFolder, neededFolder } from '../options/current-folder.js'
import { makeDefaultFolder } from '../options/default-folder.js'
import { checkRights, type Rights } from '../options/rights.js'
import type { Settings } from '../options/settings.js'
import type { Running } from '../types/status.js'
import { Launch } from './launch.js'
import { type Args, type CheckedStart, preflight, type StartRequest } from './preflight.js'
import { checkFiles } from './program/files.js'
import { type Program, programOf } from './program/index.js'
import { refuseProgram } from './refusals.js'

/** A start of a separate process. */
export type DetachedStart = StartRequest<Settings, Program>

/** The start of a daemon that leaves this process. */
export function detached(settings: Settings, args: Args): DetachedStart {
  return {
    settings,
    args,
    refuse: () => refuseProgram(settings),
    rights: () => checkRights(settings),
    find(rights) {
      const program = programOf(settings, rights)
      if (settings.executable === undefined) checkFiles(program, settings)
      return program
    },
  }
}

/**
 * Starts a daemon.
 *
 * @throws DaemonError of every kind that `Daemon#start` names; the reason of `settings.signal` when that aborts
 */
export async function start(settings: Settings, args: Args, greet?: Greet): Promise<Running> {
  return await startChecked(await preflight(detached(settings, args)), greet)
}

/** Takes over the connection that the launch has made to the daemon's socket. */
export type Greet = (launched: LaunchedDaemon) => void

/**
 * The rest of a start; only plan and launch hold up the event loop.
 *
 * @param greet - with it the launcher is the first in the queue of the daemon's socket; called when the daemon is ready
 */
export async function startChecked(checked: CheckedStart<DetachedStart>, greet?: Greet): Promise<Running> {
  const { settings, bytes, rights, resources: program } = checked
  settings.signal?.throwIfAborted()
  makeDefaultFolder(settings)
  settings.logger?.debug(`starting ${program.args.join(' ')}`)
  const plan = planOf(settings, program, rights)
  const payload = settings.executable === undefined ? payloadOf(checked, plan) : NOTHING
  seam(native(), 'start.checked')
  const whole = settings.executable === undefined ? planWithPayload(plan, payload, bytes) : plan
  const connecting =
    greet === undefined || whole.socket === undefined
      ? whole
      : { ...whole, socket: { ...whole.socket, connect: true } }
  const { pid, took, ended } = await new Launch(settings, connecting, payload, greet).run()
  seam(native(), 'start.ready')
  settings.logger?.info(`started with PID ${pid} in ${Math.round(took)} ms`)
  const status = presentStatus(settings.pidFile)
  if (status?.state === 'running' && status.pid === pid) {
    return settings.keeper === undefined ? status : await withBodies(status)
  }
  // The daemon has started, even if it has ended again.
  return { state: 'running', pid, pidFile: settings.pidFile, ...(ended === undefined ? {} : { ended }) }
}

/** What is told to a program that knows nothing of daimon. */
const NOTHING = Buffer.alloc(0)

/** What a daemon of Node.js is told. */
function payloadOf(
  { settings, bytes, rights, resources: program }: CheckedStart<DetachedStart>,
  plan: NativePlan,
): Buffer {
  const relaunch = encodeRelaunch(relaunchOf(settings, plan, program, folderOf(program)))
  const { kind } = program
  const { identity } = rights
  const compileCache = compileCacheOf(settings, identity)
  const told = launchSettings(settings, { kind, cwd: cwdOf(settings), identity, compileCache })
  return encodePayload({ settings: { ...told, relaunch }, args: bytes })
}

/** The folder that the daemon runs in. A keeper's program may run in another release's by the next time. */
export function cwdOf({ cwd = neededFolder(), given, keeper }: Settings): string {
  return keeper === undefined || given.cwd !== undefined ? cwd : byShellFolder(cwd)
}

/** The launch's plan for that program. */
export function planOf(
  settings: Settings,
  { program, args, env, folder, main, preloads }: Program,
  rights: Rights,
): NativePlan {
  const { pidFile, pidFileMode, lockTimeout, stopTimeout, umask, stdio } = settings
  const keepFds = [...(settings.process.keepFds ?? [])]
  const plan = {
    pidFile,
    pidFileMode,
    lockTimeout,
    leaveTimeout: stopTimeout,
    program,
    args,
    env,
    umask,
    limits: rights.limits,
    keepFds,
    ...stdio,
  }
  const files = main === undefined ? preloads : [...preloads, main]
  const { socket } = settings
  const listening =
    socket === undefined ? {} : { socket: { path: socket.path, mode: socket.mode, connect: false } }
  const owned = { ...plan, ...ownerOf(rights.identity), ...listening, ...keeperPlan(settings, rights, files) }
  // A keeper executes the program again and again, and has a folder of its own.
  const found = folder ?? (settings.keeper === undefined ? undefined : keptFolder())
  return found === undefined ? owned : { ...owned, folder: found }
}

function keptFolder(): string | undefined {
  const folder = currentFolder()
  return folder === undefined ? undefined : byShellFolder(folder)
}

/** The keeper's plan, where there is one. */
/** @param files - those that the program cannot begin without */
function keeperPlan(
  settings: Settings,
  { identity }: Rights,
  files: readonly string[],
): Pick<NativePlan, 'keeper'> {
  const { readyTimeout, stopTimeout, stopSignal } = settings
  const { chroot } = settings.process
  if (settings.keeper === undefined) return {}
  const { respawn, listen, instances, drainTimeout } = settings.keeper
  const { on, delay, maxDelay, limit, window } = respawn
  const keeper = {
    program: keeperFile(),
    respawn: on,
    delay,
    maxDelay,
    window,
    instances,
    readyTimeout,
    stopTimeout,
    stopSignal,
    drainTimeout,
    listen: listen.map((one) => ({ ...one, port: one.port ?? 0, mode: one.mode ?? 0 })),
    needs: [...files],
    ...(chroot === undefined ? {} : { root: chroot }),
    ...(identity === undefined ? {} : { identity }),
    // Known once the payload is.
    argsAt: 0,
    ...executablePlan(settings),
  }
  return { keeper: Number.isFinite(limit) ? { ...keeper, limit } : keeper }
}

/** What the keeper does for a program that does not do it itself. */
function executablePlan({
  executable,
  process: { chroot, oomScoreAdj },
}: Settings): Pick<NonNullable<NativePlan['keeper']>, 'executable'> {
  if (executable === undefined) return {}
  const { ready } = executable
  const how =
    typeof ready === 'string'
      ? ({ kind: ready } as const)
      : ({ kind: ready.path === undefined ? 'port' : 'path', ...ready } as const)
  const inRoot =
    how.kind === 'path' && chroot !== undefined ? { ...how, path: join(chroot, how.path ?? '') } : how
  return {
    executable: {
      ready: inRoot,
      ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
    },
  }
}

/** The folder to execute it in; undefined if that folder is gone. A restart then executes it without a folder, too. */
function folderOf({ folder }: Program): string | undefined {
  return folder ?? currentFolder()
}
