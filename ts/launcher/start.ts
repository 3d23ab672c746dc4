/** A start, in the launcher: from the launch to the daemon's word that it is ready. */

import { setImmediate as turn } from 'node:timers/promises'
import { toError } from '../binding/errors.js'
import { checkRights, type Rights } from '../binding/identity.js'
import {
  type LaunchedDaemon,
  type NativeEvent,
  type NativePlan,
  native,
  type ProcessHandle,
} from '../binding/native.js'
import { signalName } from '../binding/signal-names.js'
import { endGroup, exited, type LaunchWait, launch, removeLeftover } from '../binding/waits.js'
import { exitInfo, toStatus } from '../control/status.js'
import { endProcess } from '../control/stop.js'
import { type DaemonError, StartFailedError } from '../errors.js'
import { serializeArgs } from '../handover/args.js'
import { encodeRelaunch, relaunchOf } from '../handover/relaunch.js'
import type { BodyKind, LaunchSettings, OutputFile } from '../inside/state.js'
import {
  checkOptions,
  makeDefaultFolder,
  neededFolder,
  type Settings,
  type StartSettings,
  type Stdio,
} from '../options/index.js'
import type { NamedAction } from '../types/signals.js'
import type { ExitInfo, Running } from '../types/status.js'
import { type Failure, logTail, revive, startFailed, type Told, timeoutError } from './failure.js'
import { type Program, programOf } from './program.js'

/** How long a process may take to end after its channel has closed: the kernel closes that on the way out. */
const EXIT_GRACE = 1_000

/** How long one that is not ready may take to end, however patient a stop would be: somebody waits for the error. */
const LONGEST_END = 60_000

/** What is left for those that the daemon has started, when it has used all of that time up itself. */
const LEAST_GRACE = 1_000

/** Why a start is over. */
type Outcome = 'ready' | 'ended' | 'timeout' | 'aborted' | 'failed'

/**
 * Starts a daemon.
 *
 * @throws DaemonError of every kind that `Daemon#start` names; the reason of `settings.signal` when that aborts
 */
export async function start(settings: Settings, args: readonly unknown[]): Promise<Running> {
  settings.signal?.throwIfAborted()
  const payloadArgs = serializeArgs(args)
  // Checks, plan and launch in turns of their own: none holds the launcher's event loop up for half a millisecond.
  await turn()
  const rights = checkRights(settings)
  checkOptions(settings, rights.identity)
  const program = programOf(settings, rights)
  await turn()
  settings.signal?.throwIfAborted()
  makeDefaultFolder(settings)
  settings.logger?.debug(`starting ${program.args.join(' ')}`)
  const plan = planOf(settings, program, rights)
  const relaunch = encodeRelaunch(relaunchOf(settings, program, plan))
  const payload = payloadOf({ ...launchSettings(settings, program.kind, rights), relaunch }, payloadArgs)
  const { pid, took, ended } = await new Start(settings, plan, payload).run()
  settings.logger?.info(`started with PID ${pid} in ${Math.round(took)} ms`)
  const found = native().status(settings.pidFile)
  const status = found.error === undefined ? toStatus(found, settings.pidFile) : undefined
  if (status?.state === 'running' && status.pid === pid) return status
  // It may have ended again at once: it did start.
  return { state: 'running', pid, pidFile: settings.pidFile, ...(ended === undefined ? {} : { ended }) }
}

/** A launch under way, and what becomes of it. */
export class Start {
  readonly #settings: StartSettings
  readonly #wait: LaunchWait
  readonly #begun: number = performance.now()
  readonly #told: Told = { error: undefined, exitCode: undefined }
  readonly #outcome: Promise<Outcome>
  #resolve: (outcome: Outcome) => void = () => {}
  #launched: LaunchedDaemon | null = null
  #launchError: DaemonError | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(settings: StartSettings, plan: NativePlan, payload: Buffer) {
    this.#settings = settings
    this.#outcome = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#wait = launch(plan, payload, (event) => this.#on(event))
  }

  /** @throws DaemonError; the reason of the settings' `signal` */
  async run(): Promise<{ pid: number; took: number; ended: ExitInfo | undefined }> {
    const { signal } = this.#settings
    const onAbort = (): void => this.#onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    const outcome = await this.#outcome
    signal?.removeEventListener('abort', onAbort)
    clearTimeout(this.#timer)
    const launched = this.#launched
    if (outcome === 'ready' && launched !== null) {
      const took = performance.now() - this.#begun
      this.#wait.end()
      const ended = await this.#ended(launched)
      launched.release()
      return { pid: launched.pid, took, ended }
    }
    if (launched === null) {
      this.#wait.end()
      if (signal?.aborted === true) throw signal.reason
      const { pidFile } = this.#settings
      throw this.#launchError ?? new StartFailedError('The daemon was not launched.', { pidFile })
    }
    return await this.#fail(outcome, launched)
  }

  /**
   * How it has ended, when it has by now: one that is ready and has nothing left to do has said that it is about to.
   */
  async #ended(launched: LaunchedDaemon): Promise<ExitInfo | undefined> {
    const process = launched.process()
    if (process === null) return undefined
    try {
      if (process.alive && this.#told.exitCode === undefined) return undefined
      if (!(await exited(process, EXIT_GRACE))) return undefined
      return exitInfo(process.exitStatus(), this.#told.exitCode)
    } finally {
      process.release()
    }
  }

  #on(event: NativeEvent): void {
    switch (event.kind) {
      case 'launched':
        this.#onLaunched()
        break
      case 'failed':
        if (event.error !== undefined) this.#launchError = toError(event.error, this.#settings.pidFile)
        this.#resolve('failed')
        break
      case 'status':
        this.#settings.logger?.info(event.text ?? '')
        break
      case 'error':
        this.#told.error = revive(event.text)
        break
      case 'exit':
        this.#told.exitCode = exitCodeOf(event.text)
        break
      case 'ready':
        this.#resolve('ready')
        break
      case 'ended':
        this.#resolve('ended')
        break
    }
  }

  #onLaunched(): void {
    this.#launched = this.#wait.take()
    const { readyTimeout, signal } = this.#settings
    if (signal?.aborted === true) this.#resolve('aborted')
    else if (Number.isFinite(readyTimeout))
      this.#timer = setTimeout(() => this.#resolve('timeout'), readyTimeout)
  }

  #onAbort(): void {
    // Before the launch is done there is nobody to end: the wait for the lock ends, or the launch does.
    if (this.#launched === null) this.#wait.abort()
    else this.#resolve('aborted')
  }

  /** Ends what is left of the daemon, and says why. */
  async #fail(outcome: Outcome, launched: LaunchedDaemon): Promise<never> {
    const process = launched.process()
    const patience = Math.min(this.#settings.stopTimeout, LONGEST_END)
    const until = performance.now() + patience
    let livesOn: unknown
    try {
      if (process !== null) await this.#end(process, outcome, patience)
    } catch (error) {
      // Why the start has failed matters more.
      livesOn = error
    }
    // Whatever stood in the way: without its channel the daemon ends itself, and nobody waits for it any more.
    this.#wait.end()
    const failure = this.#failure(launched, process, livesOn)
    const grace = Math.max(until - performance.now(), Math.min(patience, LEAST_GRACE))
    failure.left = await endGroup(launched, grace)
    process?.release()
    launched.release()
    // Whoever holds the file now is not ours to disturb.
    await removeLeftover(this.#settings.pidFile).catch(() => {})
    const { signal, readyTimeout } = this.#settings
    if (outcome === 'aborted') throw signal?.reason
    if (outcome === 'timeout') throw timeoutError(this.#settings, launched.pid, readyTimeout, failure)
    if (this.#launchError !== undefined) throw this.#launchError
    throw startFailed(this.#settings, failure)
  }

  async #end(process: ProcessHandle, outcome: Outcome, stopTimeout: number): Promise<void> {
    if (outcome === 'ended' && (await exited(process, EXIT_GRACE))) return
    await endProcess(process, { ...this.#settings, stopTimeout, forceKill: true, signal: undefined })
  }

  #failure(launched: LaunchedDaemon, process: ProcessHandle | null, livesOn: unknown): Failure {
    const status = process?.exitStatus()
    const exitSignal = status?.signal === undefined ? undefined : signalName(status.signal)
    // The kernel's word counts: Node 20 says 0 for an unsettled top-level await that exits with 13.
    const exitCode = status === null || status === undefined ? this.#told.exitCode : status.code
    return { told: this.#told, exitCode, exitSignal, log: logTail(launched), livesOn, left: [] }
  }
}

/** Told by whatever runs in the daemon. */
function exitCodeOf(text = ''): number | undefined {
  return /^-?\d{1,10}$/.test(text) ? Number(text) : undefined
}

function planOf(settings: Settings, { program, args, env, folder }: Program, rights: Rights): NativePlan {
  const { pidFile, pidFileMode, lockTimeout, umask, stdio } = settings
  const keepFds = [...(settings.process.keepFds ?? [])]
  const plan = {
    pidFile,
    pidFileMode,
    lockTimeout,
    program,
    args,
    env,
    umask,
    limits: rights.limits,
    keepFds,
    ...stdio,
  }
  const owned = { ...plan, ...ownerOf(rights) }
  return folder === undefined ? owned : { ...owned, folder }
}

/** Whom its logs belong to. */
export function ownerOf({ identity }: Rights): { owner?: { uid?: number; gid: number } } {
  if (identity === undefined) return {}
  const { uid, gid } = identity
  return { owner: uid === undefined ? { gid } : { uid, gid } }
}

/** What the daemon is told of its settings. */
export function launchSettings(settings: Settings, kind: BodyKind, { identity }: Rights): LaunchSettings {
  const { name, title, cwd, ready, signals, stopTimeout, stdio } = settings
  const { chroot, limits, oomScoreAdj, keepFds } = settings.process
  return {
    kind,
    name,
    title,
    cwd: cwd ?? neededFolder(),
    ready,
    stopTimeout: finite(stopTimeout),
    signals: kind === 'script' ? namedActions(signals) : undefined,
    chroot,
    identity,
    softNofile: finite(limits?.find(({ name }) => name === 'nofile')?.soft),
    oomScoreAdj,
    keepFds,
    stdout: outputFile(stdio.stdout),
    stderr: outputFile(stdio.stderr),
  }
}

/** What is sent to the daemon: the length of the settings (4 bytes, little endian), the settings, the arguments. */
export function payloadOf(settings: LaunchSettings, args: Buffer): Buffer {
  const json = Buffer.from(JSON.stringify(settings))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([length, json, args])
}

/** JSON has no Infinity. */
function finite(value: number | undefined): number | undefined {
  return value === Number.POSITIVE_INFINITY ? undefined : value
}

function namedActions(signals: Settings['signals']): Record<string, NamedAction> {
  const named: Record<string, NamedAction> = {}
  for (const [signal, action] of Object.entries(signals))
    if (typeof action === 'string') named[signal] = action
  return named
}

function outputFile(stdio: Stdio): OutputFile | undefined {
  if (stdio.kind !== 'file') return undefined
  const { path, mode, rotation } = stdio
  return {
    path,
    ...(mode === undefined ? {} : { mode }),
    ...(rotation === undefined ? {} : { rotation }),
  }
}
