/**
 * The foreground: this process becomes the daemon itself. The same set-up, lock, signals and clean-up, no detaching.
 */

import { readBeforehand } from '../binding/beforehand.js'
import { checkRights, type Rights } from '../binding/identity.js'
import { native } from '../binding/native.js'
import { packer } from '../binding/single-executable.js'
import { occupy } from '../binding/waits.js'
import { AlreadyRunningError, UnsupportedError } from '../errors.js'
import { serializeArgs } from '../handover/args.js'
import { afterMain, evaluation, isOwn, runBody, throwUncaught } from '../inside/claim.js'
import { contextOf } from '../inside/context.js'
import { atOnce } from '../inside/ready.js'
import { startRotation } from '../inside/rotation.js'
import { keep } from '../inside/signals/kept-listeners.js'
import { type AdoptedState, adopted, type BodyKind, becomeDaemon, unbegun } from '../inside/state.js'
import { checkSnapshot } from '../launcher/program.js'
import { launchSettings, ownerOf } from '../launcher/start.js'
import { checkOptions, makeDefaultFolder, type Settings, type Stdio, scriptOrPath } from '../options/index.js'
import { findSupervisor, type Supervisor } from '../supervisor/notify.js'
import { takeSockets } from '../supervisor/sockets.js'
import type { DaemonContext } from '../types/context.js'
import { setUpProcess } from './become.js'

/** The arguments; asked for them before anything else happens. */
type ArgsSource = () => readonly unknown[] | Promise<readonly unknown[]>

/** The daemon that this process is about to become. */
let pending: { pidFile: string; context: Promise<DaemonContext> } | undefined

/**
 * Runs the Daemon of these settings in this process; resolves when it is ready.
 *
 * @throws DaemonError as `Daemon#foreground` says; what the body throws before it is ready
 */
export async function foreground(settings: Settings, args: readonly unknown[]): Promise<DaemonContext> {
  checkForeground(settings)
  const context = await become(settings, () => args, settings.run === undefined ? 'script' : 'program')
  const state = adopted()
  if (state === undefined) return context
  return await untilReady(state, settings, context)
}

/** Makes this process the daemon; the rest of its main module is the body. The same context again for later calls. */
export async function foregroundInline(settings: Settings, args: ArgsSource): Promise<DaemonContext> {
  if (pending?.pidFile === settings.pidFile) return await pending.context
  checkForeground(settings)
  const evaluated = evaluation(settings.ready)
  const context = await become(settings, args, 'program')
  void afterMain(settings.ready, context, evaluated)
  return context
}

/**
 * Refuses what this process cannot become.
 *
 * @throws AlreadyRunningError, UnsupportedError
 */
export function checkForeground(settings: Settings): void {
  checkSnapshot(settings)
  const { execPath, execArgv } = settings.given
  if (execPath !== undefined || execArgv !== undefined) {
    const option = execPath === undefined ? 'execArgv' : 'execPath'
    throw unsupported(settings, `Option '${option}' is not supported: this process has been executed already`)
  }
  if (!native().isMainThread()) {
    const message = 'A worker thread cannot become a daemon: the pidfile is held by its whole process'
    throw unsupported(settings, `${message}. Call it in the main thread, or start it detached`)
  }
  if (settings.run === undefined && settings.script !== undefined && packer() === 'node') {
    const message = "Option 'script' is not supported in a single executable, which loads nothing but itself"
    throw unsupported(settings, `${message}. Start it detached, with the 'execPath' of a Node.js`)
  }
  if (settings.process.noNewPrivileges === true) {
    const message = "Option 'noNewPrivileges' is not supported: this process has threads already"
    throw unsupported(settings, `${message}. Start it detached, or let the supervisor do it`)
  }
  // A process is the daemon of one pidfile.
  const own = adopted()?.pidFile ?? pending?.pidFile
  if (own === undefined) return
  const { pidFile } = settings
  if (isOwn(pidFile) || own === pidFile) {
    const { pid } = process
    const message = `${pidFile}: already running with PID ${pid}, this very process`
    throw new AlreadyRunningError(message, { pidFile, pid })
  }
  const message = `This process is the daemon of ${own} already, and can be no other's. Start it detached`
  throw unsupported(settings, message)
}

function unsupported({ pidFile }: Settings, message: string): UnsupportedError {
  return new UnsupportedError(`${message}.`, { pidFile, feature: 'foreground' })
}

function become(settings: Settings, args: ArgsSource, kind: BodyKind): Promise<DaemonContext> {
  const context = occupyAndSetUp(settings, args, kind)
  pending = { pidFile: settings.pidFile, context }
  const over = (): void => {
    pending = undefined
  }
  context.then(over, over)
  return context
}

async function occupyAndSetUp(
  settings: Settings,
  source: ArgsSource,
  kind: BodyKind,
): Promise<DaemonContext> {
  const args = await source()
  settings.signal?.throwIfAborted()
  // Nothing needs to be cloned here, but what can be started in one way can be started in the other.
  serializeArgs(args)
  const rights = checkRights(settings)
  checkOptions(settings, rights.identity)
  const sockets = takeSockets(settings.pidFile)
  makeDefaultFolder(settings)
  const supervisor = findSupervisor(settings.logger)
  // Nobody ends a start here that takes too long, but a supervisor, who must know how long it may.
  supervisor?.starting(settings.lockTimeout + settings.readyTimeout)
  readBeforehand()
  const { pidFile, pidFileMode, lockTimeout } = settings
  const occupation = { pidFile, pidFileMode, lockTimeout, ...streamsOf(settings), ...ownerOf(rights) }
  await occupy(occupation, settings.signal)
  const state = stateOf({ settings, rights, args, kind, sockets, supervisor })
  becomeDaemon(state)
  keep('beforeExit', () => state.onIdle())
  const context = contextOf(state, settings)
  context.signal.addEventListener('abort', () => supervisor?.stopping(settings.stopTimeout), { once: true })
  try {
    setUpProcess(settings, rights)
    startRotation(native(), state.settings)
  } catch (error) {
    state.hasFailed = true
    state.setUpFailure = { error }
    throw error
  }
  return context
}

/** What is not given stays as it is: the terminal, or the supervisor's. */
function streamsOf({ given }: Settings): Record<'stdin' | 'stdout' | 'stderr', Stdio> {
  const { stdin, stdout, stderr } = given
  const same: Stdio = { kind: 'inherit' }
  return { stdin: stdin ?? same, stdout: stdout ?? same, stderr: stderr ?? same }
}

interface Parts {
  readonly settings: Settings
  readonly rights: Rights
  readonly args: readonly unknown[]
  readonly kind: BodyKind
  readonly sockets: Record<string, number>
  readonly supervisor: Supervisor | undefined
}

function stateOf({ settings, rights, args, kind, sockets, supervisor }: Parts): AdoptedState {
  const state: AdoptedState = {
    binding: native(),
    pid: process.pid,
    pidFile: settings.pidFile,
    detached: false,
    settings: launchSettings(settings, kind, rights),
    args,
    sockets,
    supervisor,
    main: mainOf(settings, kind),
    // There is nothing to look for: whoever called this is the body, or brings it.
    claimed: true,
    hasOwnBody: kind !== 'script',
    ...unbegun(),
    markReady() {
      if (state.isReady) return
      state.isReady = true
      native().ready()
      supervisor?.ready()
    },
    markListening: () => native().listening(),
    // It has been done, or the body would not run.
    enter() {},
    onIdle() {},
  }
  return state
}

/** A script takes the place of the main program. */
function mainOf({ script }: Settings, kind: BodyKind): string | undefined {
  return script === undefined || kind !== 'script' ? undefined : scriptOrPath(script).main
}

/** Runs the body. Its error is the caller's until the daemon is ready, and the process's own from then on. */
function untilReady(state: AdoptedState, settings: Settings, context: DaemonContext): Promise<DaemonContext> {
  return new Promise((resolve, reject) => {
    const { signal, ready } = settings
    const { markReady } = state
    state.markReady = () => {
      markReady()
      signal?.removeEventListener('abort', onAbort)
      resolve(context)
    }
    // A half-started daemon is ended, and that is this process.
    const onAbort = (): void => {
      reject(signal?.reason)
      setImmediate(() => void context.stop(1))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    const { run } = settings
    const body =
      run === undefined
        ? runScript(state, settings, context)
        : runBody(ready, context, () => run(context, ...context.args))
    body.catch((error: unknown) => {
      if (state.isReady) return throwUncaught(error)
      state.hasFailed = true
      // What becomes of the process is its own business from now on.
      signal?.removeEventListener('abort', onAbort)
      reject(error)
    })
  })
}

/** The script in this process, which has the arguments that it would have as the main program. */
async function runScript(state: AdoptedState, settings: Settings, context: DaemonContext): Promise<void> {
  const { script, scriptArgs, ready } = settings
  if (script === undefined) return
  const { main, file } = scriptOrPath(script)
  process.argv.splice(0, process.argv.length, process.execPath, main, ...scriptArgs)
  // A `daemonize()` or a Daemon with `run` that the script calls says itself when it is ready.
  const settle = (): void => {
    if (ready !== 'manual' && !state.hasOwnBody) context.ready()
  }
  if (ready === 'running') void atOnce().then(settle)
  await import(process.getBuiltinModule('node:url').pathToFileURL(file).href)
  await atOnce()
  settle()
}
