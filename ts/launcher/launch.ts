/**
 * A launch and its outcome: the daemon is ready, or it is ended with all that it has started. Runs in the launcher, and
 * in the helper of a restart from inside.
 */

import { toError } from '../binding/errors.js'
import { endGroup, type LaunchWait, launch, removeLeftover } from '../binding/launch-waits.js'
import type { LaunchedDaemon, NativeEvent, NativePlan, ProcessHandle } from '../binding/native.js'
import { exited } from '../binding/waits.js'
import { exitInfo } from '../control/status.js'
import { endProcess } from '../control/stop.js'
import { type DaemonError, StartFailedError, UnverifiedError } from '../errors.js'
import { decodeError } from '../handover/told-error.js'
import type { StartSettings } from '../options/settings.js'
import { signalName } from '../options/signal-names.js'
import type { ExitInfo } from '../types/status.js'
import { type Failure, startFailed, type Told, timeoutError } from './failure.js'
import { logTail } from './log-end.js'

/**
 * How long a process may take to end after its channel is closed, in milliseconds: the kernel closes the channel first.
 */
const EXIT_GRACE = 1_000

/** The longest time for a daemon that is not ready to end, even with a longer `stopTimeout`: the caller waits. */
const LONGEST_END = 60_000

/** How long the daemon's children are given at least, when the daemon itself has used up all of that time. */
const LEAST_GRACE = 1_000

/** Why a start is over. */
type Outcome = 'ready' | 'ended' | 'timeout' | 'aborted' | 'failed'

/** A launch under way, and what becomes of it. */
export class Launch {
  readonly #settings: StartSettings
  readonly #wait: LaunchWait
  readonly #greet: ((launched: LaunchedDaemon) => void) | undefined
  /** A start with a socket goes on when it is aborted, because others find the daemon by the socket. */
  readonly #isNobodys: boolean
  readonly #begun: number = performance.now()
  readonly #told: Told = { error: undefined, exitCode: undefined }
  readonly #outcome: Promise<Outcome>
  #resolve: (outcome: Outcome) => void = () => {}
  #launched: LaunchedDaemon | null = null
  #launchError: DaemonError | undefined
  #timer: NodeJS.Timeout | undefined

  /**
   * @param greet - called with what was launched when the daemon is ready, before that is let go; not for a program
   * that has nothing left to do, which is ready and ends
   */
  constructor(
    settings: StartSettings,
    plan: NativePlan,
    payload: Buffer,
    greet?: (launched: LaunchedDaemon) => void,
  ) {
    this.#settings = settings
    this.#greet = greet
    this.#isNobodys = plan.socket !== undefined
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
      if (this.#told.exitCode === undefined) this.#greet?.(launched)
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
    if (outcome === 'aborted' && this.#isNobodys) {
      this.#wait.end()
      launched.release()
      throw signal?.reason
    }
    return await this.#fail(outcome, launched)
  }

  /** How it has ended, if it has by now: a daemon that is ready and has nothing left to do says that it is about to. */
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
        this.#told.error = decodeError(event.text)
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
      case 'done':
      case 'bodies':
      case 'refused':
        // Events of other waits.
        break
      default:
        event.kind satisfies never
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
    // Before the launch is done there is no process to end: the core gives up the wait for the lock, or the launch.
    if (this.#launched === null) this.#wait.abort()
    else this.#resolve('aborted')
  }

  /** Ends the daemon and the processes that it has started, and throws the reason. */
  async #fail(outcome: Outcome, launched: LaunchedDaemon): Promise<never> {
    const process = launched.process()
    const patience = Math.min(this.#settings.stopTimeout, LONGEST_END)
    const until = performance.now() + patience
    let livesOn: unknown
    try {
      if (process !== null) await this.#end(process, outcome, patience)
    } catch (error) {
      // The reason of the failed start matters more.
      livesOn = error
    }
    // A daemon that could not be ended ends itself when its channel closes.
    this.#wait.end()
    const failure = this.#failure(launched, process, livesOn)
    const grace = Math.max(until - performance.now(), Math.min(patience, LEAST_GRACE))
    failure.left = await endGroup(launched, grace)
    // If there was no thread to wait on, the end of the group has killed it.
    if (livesOn instanceof UnverifiedError && process?.alive === false) failure.livesOn = undefined
    process?.release()
    // It rejects when another process holds the file by now, and leaves that process alone.
    await removeLeftover(this.#settings.pidFile, launched).catch(() => {})
    launched.release()
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

/** A text that is no number is ignored, because any code in the daemon may have written it. */
function exitCodeOf(text = ''): number | undefined {
  return /^-?\d{1,10}$/.test(text) ? Number(text) : undefined
}
