/** `Daemon`: starts, stops and watches a daemon from any program. */

import { basename } from 'node:path'
import { loadCommand } from './binding/command.js'
import { native } from './binding/native.js'
import { signalNumber } from './binding/signal-names.js'
import { exited } from './binding/waits.js'
import { exitInfo, status, toStatus } from './control/status.js'
import { findHolder, signalHolder, stop } from './control/stop.js'
import { AlreadyRunningError, UnsupportedError } from './errors.js'
import { foreground, foregroundChecked, inForeground } from './foreground/index.js'
import { claimWithoutBody, claimWithRun, isOwn, isPending, isUnclaimed } from './inside/claim.js'
import { contextOf } from './inside/context.js'
import { never } from './inside/shutdown.js'
import { type AdoptedState, adopted } from './inside/state.js'
import { type Checked, checkPathsAgain, type Intended, preflight } from './launcher/preflight.js'
import { noBody, refuseForScript } from './launcher/refusals.js'
import { detached, start, startChecked } from './launcher/start.js'
import { noLines, readLogs } from './logs/index.js'
import {
  type Settings,
  validateLogsOptions,
  validateOptions,
  validateStopOptions,
  validateWaitOptions,
} from './options/index.js'
import { refused } from './options/say.js'
import type { DaemonContext } from './types/context.js'
import type { DaemonOptions, LogsOptions, RunFunction, StopOptions, WithOptions } from './types/options.js'
import type { SignalName } from './types/signals.js'
import type { ExitInfo, Running, Status, StopResult } from './types/status.js'

/** The arguments that a Daemon's `run` takes after the context. */
export type RunArgs<T> = T extends { run?(daemon: DaemonContext, ...args: infer A): unknown } ? A : unknown[]

/**
 * A daemon under one pidfile, whether it runs or not. A verb whose `signal`, by `with()` or its own options, aborts
 * rejects with that signal's reason.
 */
export class Daemon<A extends unknown[] = unknown[]> {
  readonly #settings: Settings
  /** Whose `run` it is: a copy with other options lacks the private fields of a subclass. */
  #origin: object = this

  /**
   * The body, in a subclass. Returning, or the promise's resolving, means ready: the daemon lives on while its event
   * loop does, or until `daemon.stop()`.
   */
  run?(daemon: DaemonContext, ...args: A): unknown

  /** @throws InvalidOptionError for everything that the options alone show */
  constructor(options: DaemonOptions<A>)
  constructor(options: DaemonOptions<A>, settings?: Settings) {
    this.#settings = settings ?? validateOptions(options, 'Daemon')
    this.#body()
    const state = adopted()
    if (state === undefined) return
    state.constructed.push(this.#settings.pidFile)
    if (isOwn(this.#settings.pidFile)) state.claimConstructed = () => void this.#claim()
  }

  /**
   * The daemon that this process is: defined from its first instruction, or from `foreground()` on. Undefined in any
   * other process.
   */
  static get current(): DaemonContext | undefined {
    const state = adopted()
    return state === undefined ? undefined : contextOf(state)
  }

  /** The pidfile's absolute path. */
  get pidFile(): string {
    return this.#settings.pidFile
  }

  /** The daemon's name, where it has one. */
  get name(): string | undefined {
    return this.#settings.name
  }

  /** The same Daemon with other options; `signal` aborts the waits of its verbs. */
  with(options: WithOptions<A>): this {
    const settings = validateOptions(options, 'with', this.#settings)
    const other: this = Reflect.construct(Daemon, [undefined, settings], this.constructor)
    other.#origin = this.#origin
    return Object.defineProperties(other, Object.getOwnPropertyDescriptors(this))
  }

  /**
   * Starts the daemon; `args`, structured-cloneable and of 1 GiB at most, arrive in its body. Resolves when the daemon
   * serves, and not before. With `detach: false` it is this very process, as with `foreground()`. One that had nothing
   * to do but to begin, and has ended by then, has been started, too: `ended` says how it ended.
   *
   * @throws AlreadyRunningError with the running PID
   * @throws StartFailedError with the daemon's own error as `cause`, exit code or signal, and the log's tail
   * @throws ReadyTimeoutError when it was not ready in time; it has been ended
   * @throws PidFileError, InvalidOptionError, PermissionDeniedError, UnverifiedError, UnsupportedError
   */
  async start(...args: RunArgs<this>): Promise<Running> {
    if (this.#claim() || isPending()) return never
    if (this.#self() !== undefined) throw this.#alreadyRunning()
    if (isUnclaimed()) return this.#presentAs<Running>()
    return await this.#begin(this.#startable(), args)
  }

  /**
   * Makes this process the daemon: the same lock, set-up, signals and clean-up as with `start()`, but no detaching.
   * Output goes to the terminal unless `log`, `stdout` or `stderr` is given, Ctrl-C stops it gracefully. Resolves to
   * the context when the daemon is ready.
   *
   * From then on, and also when its body fails, the process stays the daemon of its pidfile until it exits. Nobody
   * watches over `readyTimeout` but a supervisor (systemd), who is told of it.
   *
   * @throws AlreadyRunningError with the running PID
   * @throws UnsupportedError in a worker, in the daemon of another pidfile, and for `execPath` and `execArgv`
   * @throws PidFileError, InvalidOptionError, PermissionDeniedError, UnverifiedError, StartFailedError
   * @throws what the body throws before it is ready
   */
  async foreground(...args: RunArgs<this>): Promise<DaemonContext> {
    if (this.#claim() || isPending() || isUnclaimed()) return never
    if (this.#self() !== undefined) throw this.#alreadyRunning()
    return await foreground(this.#startable(false), args)
  }

  /**
   * Stops the daemon and waits until it is gone and its pidfile free. It is no error when it does not run.
   *
   * @throws StopTimeoutError when it lives on and `forceKill` is false
   * @throws UnverifiedError, PermissionDeniedError, PidFileError, InvalidOptionError
   */
  async stop(options?: StopOptions): Promise<StopResult> {
    const settings = validateStopOptions(options, this.#settings)
    if (this.#claim() || isPending()) return never
    const self = this.#self()
    if (self !== undefined) return await contextOf(self).stop()
    if (isUnclaimed()) return this.#presentAs<StopResult>()
    this.#settings.logger?.debug(`stopping the daemon of ${this.pidFile}`)
    const result = await stop(this.pidFile, settings)
    const how = result.forced ? 'killed: it did not stop in time' : 'stopped'
    if (result.wasRunning) this.#settings.logger?.[result.forced ? 'warn' : 'info'](how)
    return result
  }

  /**
   * Stops and starts; starts it when it was not running. What would keep it from starting again, as far as that can be
   * told beforehand, keeps it from being stopped, and a stop that fails does not start a second one.
   *
   * @throws StopTimeoutError and the others of `stop()`; those of `start()`
   * @throws UnsupportedError in the daemon itself
   */
  async restart(...args: RunArgs<this>): Promise<Running> {
    if (this.#claim() || isPending()) return never
    if (this.#self() !== undefined)
      throw unsupported(
        'restart() of the daemon by itself',
        'Call context.restart() here, or restart() in another process.',
      )
    if (isUnclaimed()) return this.#presentAs<Running>()
    const settings = this.#startable()
    if (settings.detach === false) {
      const checked = await this.#replacing(settings, preflight(inForeground(settings, args), true))
      return this.#ownStatus((await foregroundChecked(checked)).pid)
    }
    return await startChecked(await this.#replacing(settings, preflight(detached(settings, args), true)))
  }

  /** Sends SIGHUP. @throws NotRunningError, and as `signal()` */
  async reload(): Promise<void> {
    await this.signal('SIGHUP')
  }

  /**
   * Sends a signal, by name or number. To a daemon that is being started, and would be ended by the signal, it is sent
   * as soon as it has handlers, for which this waits `readyTimeout` at most; for proof it waits a second.
   *
   * @throws NotRunningError, UnverifiedError, PermissionDeniedError, PidFileError, InvalidOptionError
   */
  async signal(signal: SignalName | number): Promise<void> {
    const number = signalNumber(signal, 'signal')
    if (this.#claim() || isPending()) return never
    if (this.#self() !== undefined) {
      process.kill(process.pid, number)
    } else if (!isUnclaimed()) {
      await signalHolder(this.pidFile, number, this.#settings.readyTimeout, this.#settings.signal)
    }
  }

  /** The state now. @throws PidFileError when the path is a link or no regular file */
  async status(): Promise<Status> {
    if (this.#claim() || isPending()) return never
    const self = this.#self()
    if (self !== undefined) return this.#ownStatus(self.pid)
    return await status(this.pidFile)
  }

  /**
   * Resolves when the present instance is gone; at once when there is none.
   *
   * @throws UnverifiedError, PidFileError, PermissionDeniedError, InvalidOptionError
   */
  async exited(options?: { signal?: AbortSignal }): Promise<ExitInfo> {
    const signal = validateWaitOptions(options, this.#settings)
    if (this.#claim() || isPending() || this.#self() !== undefined) return never
    if (isUnclaimed()) return {}
    const holder = await findHolder(this.pidFile, signal)
    if (holder === undefined) return {}
    const ended = await exited(holder, Number.POSITIVE_INFINITY, signal)
      .then(() => holder.exitStatus())
      .finally(() => holder.release())
    return exitInfo(ended)
  }

  /**
   * The last lines of the daemon's log, whether it runs or not, without their newlines; with `follow` also those that
   * are written from then on, across rotations and restarts, until the loop is left or `signal` aborts. The log is that
   * of the options (`log`, `stdout` or `stderr`), else, on Linux, what the running daemon's standard output goes to.
   *
   * Of a line of more than 1 MiB (1,048,576 bytes) the first and the last 512 KiB are given, with `[… N bytes left out
   * …]` between them: N is how many bytes of the log are missing. No character is cut.
   *
   * @throws InvalidOptionError for its options; the iteration also when there is no log, UnverifiedError,
   * PermissionDeniedError, PidFileError
   */
  logs(options?: LogsOptions): AsyncIterable<string> {
    const settings = validateLogsOptions(options, this.#settings)
    if (this.#claim() || isPending()) return noLines
    // Elsewhere in an unclaimed daemon there is no end of it to wait for: the launcher has seen it.
    const follow = settings.follow && (this.#self() !== undefined || !isUnclaimed())
    return readLogs(this.#settings, { ...settings, follow })
  }

  /**
   * Runs a command line for this Daemon: start, stop, restart, reload, status, run, logs, with flags and `--help`.
   * Prints data to stdout and texts to stderr; never throws for what a user can do wrong. In a daemon that begins it
   * prints nothing: there it only leads to the body.
   *
   * @param argv - without program and script: `process.argv.slice(2)`
   * @returns the exit code, which is set as `process.exitCode`, too
   * @throws UnsupportedError when the package has been removed since, but not in a daemon
   */
  async cli(argv: readonly string[]): Promise<number> {
    // Now: by the time that the command is loaded the body may have begun.
    const quiet = isUnclaimed() || isPending()
    const { main } = await loadCommand()
    const program = basename(process.argv[1] ?? 'daemon')
    return await main(argv, { program, daemon: this, logger: this.#settings.logger, quiet })
  }

  /** In the daemon of this pidfile, whichever verb comes first says that this is the body. */
  #claim(): boolean {
    if (!isOwn(this.pidFile)) return false
    const run: RunFunction | undefined = this.#body()
    return run === undefined
      ? claimWithoutBody(this.#settings)
      : claimWithRun(this.#settings, this.#origin, run)
  }

  /** Stops the daemon once nothing is known that would keep the next one from starting. */
  async #replacing<C extends Checked<Intended>>(settings: Settings, checking: Promise<C>): Promise<C> {
    const checked = await checking
    await stop(this.pidFile, settings)
    checkPathsAgain(checked)
    return checked
  }

  async #begin(settings: Settings, args: readonly unknown[]): Promise<Running> {
    if (settings.detach !== false) return await start(settings, args)
    return this.#ownStatus((await foreground(settings, args)).pid)
  }

  /**
   * The method of a subclass, or the option. One that is a field of the class is there after the constructor only.
   *
   * @throws InvalidOptionError when there are both
   */
  #body(): RunFunction | undefined {
    const { run } = this
    if (run === undefined) return this.#settings.run
    if (this.#settings.run !== undefined) {
      const problem = 'contradicts the class, which has a run() of its own'
      throw refused('run', this.#settings.run, problem, 'Leave one of them out.')
    }
    return (context, ...args) => Reflect.apply(run, this.#origin, [context, ...args])
  }

  /** This process's state, when it is the daemon of this pidfile. */
  #self(): AdoptedState | undefined {
    return isOwn(this.pidFile) ? adopted() : undefined
  }

  #ownStatus(pid: number): Running {
    const found = toStatus(native().status(this.pidFile), this.pidFile)
    return found.state === 'running' ? found : { state: 'running', pid, pidFile: this.pidFile }
  }

  #alreadyRunning(): AlreadyRunningError {
    const { pid } = process
    const message = `${this.pidFile}: already running with PID ${pid}, this very process`
    return new AlreadyRunningError(message, { pidFile: this.pidFile, pid })
  }

  /** In a daemon that still looks for its own body, verbs on others do nothing: the launcher has done them. */
  async #presentAs<T>(): Promise<T> {
    const present: unknown = await status(this.pidFile)
    return present as T
  }

  #startable(detached: boolean = this.#settings.detach !== false): Settings {
    const run = this.#body()
    if (run === undefined && this.#settings.script === undefined) throw noBody(this.pidFile)
    if (run === undefined) refuseForScript(this.#settings, detached)
    return { ...this.#settings, run }
  }
}

function unsupported(feature: string, advice: string): UnsupportedError {
  return new UnsupportedError(`A ${feature} is not supported. ${advice}`, { feature })
}
