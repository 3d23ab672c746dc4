/** This process becomes the daemon: lock, state, set-up. Runs in the process that becomes the daemon. */

import { explainDenial, isDenied } from '../binding/denied.js'
import { raise } from '../binding/errors.js'
import { becomeDaemon } from '../binding/launch-waits.js'
import { type NativeError, native } from '../binding/native.js'
import { IS_WINDOWS } from '../binding/platform.js'
import { type BodyKind, launchSettings, ownerOf } from '../handover/settings.js'
import { messageOf } from '../handover/thrown.js'
import { readBeforehand } from '../inside/beforehand.js'
import { useCompileCache } from '../inside/compile-cache.js'
import { contextOf } from '../inside/context.js'
import { provided } from '../inside/provided.js'
import { startRotation } from '../inside/rotation.js'
import { takeSignals } from '../inside/signals/delivered.js'
import { keep } from '../inside/signals/kept-listeners.js'
import { State, type Supervisor, shareState } from '../inside/state.js'
import type { CheckedStart, StartRequest } from '../launcher/preflight.js'
import { isClean } from '../launcher/program/environment.js'
import { compileCacheOf } from '../options/compile-cache.js'
import { currentFolder, neededFolder } from '../options/current-folder.js'
import { makeDefaultFolder } from '../options/default-folder.js'
import { accountVariables } from '../options/identity.js'
import { homeVariable } from '../options/places.js'
import type { Rights } from '../options/rights.js'
import { scriptOrPath } from '../options/script.js'
import type { Settings } from '../options/settings.js'
import { refused } from '../say.js'
import { forgetSupervisor } from '../supervisor/environment.js'
import { findSupervisor } from '../supervisor/notify.js'
import { findManager } from '../supervisor/service.js'
import type { DaemonContext } from '../types/context.js'
import { streamsOf } from './streams.js'
import { leaveTerminal } from './terminal-streams.js'

/** The name of the supervisor's socket that is the daemon's. */
const ACTIVATED = 'daimon'

/** A start of this process, with the sockets that its supervisor has opened, by their names. */
export type ForegroundStart = StartRequest<Settings, Record<string, number>>

/**
 * Takes the lock, and makes this process what a launched daemon is when its body begins.
 *
 * @throws DaemonError of those that the lock and the system have; the reason of the settings' `signal`
 */
export async function becomeChecked(
  checked: CheckedStart<ForegroundStart>,
  kind: BodyKind,
): Promise<DaemonContext> {
  const { settings, args, rights, resources: sockets } = checked
  makeDefaultFolder(settings)
  const supervisor = findManager() ?? findSupervisor(settings.logger)
  // Only a supervisor ends a foreground that is not ready in time: tell it how long the start may take.
  supervisor?.starting(settings.lockTimeout + settings.readyTimeout)
  readBeforehand()
  // A bundle may have it in a file of its own, which the root folder or the user of the body may not reach.
  if (settings.socket !== undefined) await provided().loadService()
  const { pidFile, pidFileMode, lockTimeout, stopTimeout } = settings
  // systemd listens already: `FileDescriptorName=daimon`.
  const activated = settings.socket === undefined ? undefined : sockets[ACTIVATED]
  const plan = {
    pidFile,
    pidFileMode,
    lockTimeout,
    leaveTimeout: stopTimeout,
    ...streamsOf(settings),
    ...ownerOf(rights.identity),
    ...(activated === undefined && settings.socket !== undefined
      ? { socket: { path: settings.socket.path, mode: settings.socket.mode, connect: false } }
      : {}),
  }
  await becomeDaemon(plan, settings.signal)
  if (activated !== undefined) native().listenAt(activated)
  const state = stateOf({ settings, rights, args, kind, sockets, supervisor })
  shareState(state)
  keep('beforeExit', () => state.idle())
  const context = contextOf(state, settings)
  takeSignals(native())
  context.signal.addEventListener('abort', () => supervisor?.stopping(settings.stopTimeout), { once: true })
  try {
    setUpProcess(settings, rights)
    startRotation(native(), state.settings)
    useCompileCache(state.settings.compileCache)
  } catch (error) {
    state.fail(error, { isSetUp: true })
    throw error
  }
  return context
}

interface Parts {
  readonly settings: Settings
  readonly rights: Rights
  readonly args: readonly unknown[] | Buffer
  readonly kind: BodyKind
  readonly sockets: Record<string, number>
  readonly supervisor: Supervisor | undefined
}

function stateOf({ settings, rights, args, kind, sockets, supervisor }: Parts): State {
  const { pidFile, cwd } = settings
  const { identity } = rights
  const parts = {
    binding: native(),
    pid: process.pid,
    pidFile,
    detached: false,
    settings: launchSettings(settings, {
      kind,
      cwd: cwd ?? neededFolder(),
      identity,
      compileCache: compileCacheOf(settings, identity),
    }),
    args,
    sockets,
    supervisor,
    main: mainOf(settings, kind),
  }
  // No verb has to claim it: the caller is the body, or brings it.
  return new State(parts, kind === 'script' ? 'script' : 'begun', {
    ready() {
      native().ready()
      supervisor?.ready()
    },
    ending() {},
    listening: () => native().listening(),
    // Done by setUpProcess(), before the body runs.
    enter() {},
    unclaimed() {},
  })
}

/** A script takes the place of the main program. */
function mainOf({ script }: Settings, kind: BodyKind): string | undefined {
  return script === undefined || kind !== 'script' ? undefined : scriptOrPath(script).main
}

/**
 * Sets this process up, for good. Its standard streams have been opened by then.
 *
 * @throws DaemonError for what the system refuses although the preflight has asked
 */
function setUpProcess(settings: Settings, rights: Rights): void {
  const { given, umask, title, cwd, pidFile } = settings
  const check = (failure: NativeError | null): void => {
    if (failure !== null) raise(failure, pidFile)
  }
  if (given.stdout?.kind === 'file') leaveTerminal('stdout')
  if (given.stderr?.kind === 'file') leaveTerminal('stderr')
  // Windows has no such mask: Node.js would make files read-only by it.
  if (!IS_WINDOWS) process.umask(umask)
  setEnvironment(settings, rights)
  if (title !== undefined) process.title = title
  const { chroot, oomScoreAdj, keepFds = [] } = settings.process
  check(native().limitSelf(rights.limits))
  check(native().applyAfterBoot(undefined, oomScoreAdj, [...keepFds]))
  // In this order: the folder is inside the new root, and both may need rights that are given up last.
  if (chroot !== undefined) check(native().enterRoot(chroot))
  changeFolder(cwd ?? neededFolder(), chroot !== undefined)
  if (rights.identity !== undefined) check(native().takeIdentity(rights.identity))
}

/** The folder has been checked before, and may have gone since. */
function changeFolder(cwd: string, isNewRoot: boolean): void {
  try {
    // If it is the current folder already, no permission of Node's is needed.
    if (isNewRoot || currentFolder() !== cwd) process.chdir(cwd)
  } catch (error) {
    const reason = messageOf(error)
    const why = isDenied(error) ? explainDenial(error, cwd) : reason
    throw refused('cwd', cwd, `must be a folder that can be entered: ${why}`, '', error)
  }
}

function setEnvironment({ env, cleanEnv }: Settings, { identity }: Rights): void {
  forgetSupervisor()
  if (cleanEnv) {
    const kept = Object.keys(homeVariable())
    for (const name of Object.keys(process.env)) {
      if (!isClean(name) && !kept.includes(name)) delete process.env[name]
    }
  }
  for (const [name, value] of Object.entries({ ...accountVariables(identity), ...env })) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}
