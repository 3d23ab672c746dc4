/** `Daemon`: starts, stops and watches a daemon from any program. Runs in both processes. */

import { basename } from 'node:path'
import {
  callBodies,
  callBodyVerb,
  callConnect,
  callEnsure,
  callLogs,
  callUpgrade,
  refuseSelf,
} from './call-verbs.js'
import { exitOf } from './control/exit.js'
import { lookAt, ownLook, ownStatus, status } from './control/status.js'
import { stopLogged } from './control/stop.js'
import { UnsupportedError } from './errors.js'
import { claimWithoutBody, claimWithRun } from './inside/claim.js'
import { contextOf } from './inside/context.js'
import { ownState } from './inside/own-state.js'
import { isOwn, type Route, route, stateOf } from './inside/route.js'
import { presentState } from './inside/state.js'
import { loadCommand } from './late.js'
import { never } from './never.js'
import { refuseAbsent } from './options/absent.js'
import type { Settings } from './options/settings.js'
import { signalNumber } from './options/signal-names.js'
import {
  validateConnectOptions,
  validateLogsOptions,
  validateOptions,
  validateStopOptions,
  validateWaitOptions,
} from './options/validate.js'
import { refused } from './say.js'
import { signalByRoute } from './signal-by-route.js'
import type { ConnectOptions, DaemonSocket } from './types/connections.js'
import type { DaemonContext } from './types/context.js'
import type { LogsOptions } from './types/logs.js'
import type { DaemonOptions, RunFunction, StopOptions, WithOptions } from './types/options.js'
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
  /** The `this` of `run`: a copy with other options lacks the private fields of a subclass. */
  #origin: object = this

  /**
   * The body, in a subclass. Returning, or the promise's resolving, means ready: the daemon lives on while its event
   * loop does, or until `daemon.stop()`.
   */
  run?(daemon: DaemonContext, ...args: A): unknown

  /** @throws InvalidOptionError for everything that the options alone show; UnsupportedError for what Windows lacks */
  constructor(options: DaemonOptions<A>)
  constructor(options: DaemonOptions<A>, settings?: Settings) {
    this.#settings = settings ?? validateOptions(options, 'Daemon')
    this.#body()
    const { pidFile } = this.#settings
    const state = presentState()
    state?.construct(pidFile, isOwn(pidFile) ? () => void this.#claim() : undefined)
  }

  /**
   * The daemon that this process is: defined from its first instruction, or from `foreground()` on. Undefined in any
   * other process.
   *
   * @throws UnsupportedError as every verb, when another copy of daimon has made this process a daemon, and is of a
   * version that this one does not understand
   */
  static get current(): DaemonContext | undefined {
    const state = ownState()
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

  /**
   * The same Daemon with other options; `signal` aborts the waits of its verbs.
   *
   * @throws InvalidOptionError as the constructor
   */
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
    switch (this.#route()) {
      case 'beginning':
        return never
      case 'self':
        return await refuseSelf(this.pidFile)
      case 'unclaimed':
        return this.#presentAs<Running>()
      case 'outside':
        return await callBodyVerb('begin', this.#withBody(), args)
    }
  }

  /**
   * Makes this process the daemon: the same lock, set-up, signals and clean-up as with `start()`, but no detaching.
   * Output goes to the terminal unless `log`, `stdout` or `stderr` is given, Ctrl-C stops it gracefully. Resolves to
   * the context when the daemon is ready.
   *
   * From then on, and also when its body fails, the process stays the daemon of its pidfile until it exits. Only a
   * supervisor (systemd) can enforce `readyTimeout`; it is told of that time.
   *
   * With a keeper (`respawn`, `listen`, `instances`) this process executes the keeper in its own place, which runs the
   * program again as its body: the promise never settles here.
   *
   * @throws AlreadyRunningError with the running PID
   * @throws UnsupportedError in a worker, in the daemon of another pidfile, and for `execPath` and `execArgv`, unless
   * there is a keeper
   * @throws PidFileError, InvalidOptionError, PermissionDeniedError, UnverifiedError, StartFailedError
   * @throws what the body throws before it is ready
   */
  async foreground(...args: RunArgs<this>): Promise<DaemonContext> {
    switch (this.#route()) {
      case 'beginning':
      case 'unclaimed':
        return never
      case 'self':
        return await refuseSelf(this.pidFile)
      case 'outside':
        return await callBodyVerb('become', this.#withBody(), args)
    }
  }

  /**
   * Stops the daemon and waits until it is gone and its pidfile free. It is no error when it does not run.
   *
   * @throws StopTimeoutError when it lives on and `forceKill` is false
   * @throws UnverifiedError, PermissionDeniedError, PidFileError, InvalidOptionError
   */
  async stop(options?: StopOptions): Promise<StopResult> {
    const settings = validateStopOptions(options, this.#settings)
    switch (this.#route()) {
      case 'beginning':
        return never
      case 'self':
        return await this.#stopSelf()
      case 'unclaimed':
        return this.#presentAs<StopResult>()
      case 'outside':
        return await stopLogged(this.pidFile, settings, this.#settings.logger)
    }
  }

  /**
   * Stops the daemon if it is running, and starts it. It is stopped only after everything that would make the start
   * fail has been looked for, and a stop that fails does not start a second daemon.
   *
   * @throws StopTimeoutError and the others of `stop()`; those of `start()`
   * @throws UnsupportedError in the daemon itself
   */
  async restart(...args: RunArgs<this>): Promise<Running> {
    switch (this.#route()) {
      case 'beginning':
        return never
      case 'self':
        throw restartsItself()
      case 'unclaimed':
        return this.#presentAs<Running>()
      case 'outside':
        return await callBodyVerb('replace', this.#withBody(), args)
    }
  }

  /**
   * Has another process of the program take over without a gap, as after the release of another version: it is started
   * beside the present one, and gets its sockets. When all of the next generation are ready and listen, they alone
   * accept, and this resolves; the present ones finish their answers, hand over their idle connections, and end. If the
   * next one fails, or is not ready within `readyTimeout`, the present one serves on. `args`, if there are any, replace
   * those of the start. Needs a keeper: `respawn`, `listen` or `instances`.
   *
   * @throws StartFailedError with the next one's own error as `cause`; ReadyTimeoutError that names what is missing
   * @throws UpgradeInProgressError, NotRunningError, UnsupportedError without a keeper
   * @throws UnverifiedError, PermissionDeniedError, PidFileError
   */
  async upgrade(...args: RunArgs<this> | []): Promise<Running> {
    refuseAbsent('upgrade()', true)
    const route = this.#route()
    if (route === 'beginning') return await never
    if (route === 'unclaimed') return await this.#presentAs<Running>()
    return await callUpgrade(this.#settings, args)
  }

  /**
   * A connection to the daemon's socket that the daemon has accepted. Starts the daemon where nobody listens, waits for
   * one that is starting, and waits for one that is leaving and starts the next. It takes `readyTimeout` at most, and
   * `stopTimeout` more where one has to leave first. The socket is paused, and nothing has been read but the daemon's
   * hello. A Daemon without the option `socket` takes `true`.
   *
   * @throws NotRunningError when nobody listens, and `start` is false or this Daemon has no body
   * @throws ReadyTimeoutError when the daemon has not accepted it in time; a daemon that runs is not ended
   * @throws UnverifiedError when nobody listens though the daemon runs (reason `no-socket`), or somebody else does
   * @throws those of `start()`
   */
  async connect(options?: ConnectOptions<RunArgs<this>>): Promise<DaemonSocket> {
    const { args, start, signal } = validateConnectOptions(options, this.#settings)
    const route = this.#route()
    if (route === 'beginning') return await never
    return await callConnect({ ...this.#withBody(), signal }, args, start && route === 'outside')
  }

  /**
   * The daemon, ready; started if it did not run. Any number of calls in any number of processes at once resolve to the
   * same PID. `args` are those of `start()`.
   *
   * @throws ReadyTimeoutError when another start has not made it ready in time; that goes on
   * @throws those of `start()`
   */
  async ensure(...args: RunArgs<this>): Promise<Running> {
    switch (this.#route()) {
      case 'beginning':
        return await never
      case 'self':
        return ownStatus(this.pidFile)
      case 'unclaimed':
        return await this.#presentAs<Running>()
      case 'outside':
        return await callEnsure(this.#withBody(), args)
    }
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
    const { pidFile, readyTimeout, signal: abort } = this.#settings
    await signalByRoute(this.#route(), pidFile, number, readyTimeout, abort)
  }

  /** The state now. @throws PidFileError when the path is a link or no regular file */
  async status(): Promise<Status> {
    switch (this.#route()) {
      case 'beginning':
        return never
      case 'self':
        return callBodies(ownLook(this.pidFile))
      case 'unclaimed':
      case 'outside':
        return callBodies(await lookAt(this.pidFile))
    }
  }

  /**
   * Resolves when the present instance is gone; at once when there is none.
   *
   * @throws UnverifiedError, PidFileError, PermissionDeniedError, InvalidOptionError
   */
  async exited(options?: { signal?: AbortSignal }): Promise<ExitInfo> {
    const signal = validateWaitOptions(options, this.#settings)
    switch (this.#route()) {
      case 'beginning':
      case 'self':
        return never
      case 'unclaimed':
        return {}
      case 'outside':
        return await exitOf(this.pidFile, signal)
    }
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
    const logs = validateLogsOptions(options, this.#settings)
    return callLogs(this.#settings, logs, this.#route())
  }

  /**
   * Runs a command line for this Daemon: start, stop, restart, reload, status, run, connect, logs, with flags and
   * `--help`. Prints data to stdout and texts to stderr; never throws for what a user can do wrong. In a daemon that
   * begins it prints nothing: there it only leads to the body.
   *
   * @param argv - without program and script: `process.argv.slice(2)`
   * @returns the exit code, which is set as `process.exitCode`, too
   * @throws UnsupportedError when the package has been removed or replaced by another version since, but not in a
   * daemon
   */
  async cli(argv: readonly string[]): Promise<number> {
    // Now: by the time that the command is loaded the body may have begun.
    const state = ownState()
    const quiet = state?.phase === 'unclaimed' || state?.phase === 'pending'
    const isBeginning = state?.phase === 'script' && !state.isReady
    const { main } = await loadCommand()
    const program = basename(process.argv[1] ?? 'daemon')
    return await main(argv, { program, daemon: this, logger: this.#settings.logger, quiet, isBeginning })
  }

  #route(): Route {
    return route(this.pidFile, () => this.#claim())
  }

  /** In the daemon of this pidfile the first verb, whichever it is, makes this Daemon's body the daemon's. */
  #claim(): boolean {
    const run: RunFunction | undefined = this.#body()
    return run === undefined
      ? claimWithoutBody(this.#settings)
      : claimWithRun(this.#settings, this.#origin, run)
  }

  async #stopSelf(): Promise<never> {
    const state = stateOf(this.pidFile)
    return state === undefined ? await never : await contextOf(state).stop()
  }

  /** The settings with the body that counts. @throws InvalidOptionError as `#body` */
  #withBody(): Settings {
    return { ...this.#settings, run: this.#body() }
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

  /** In a daemon without a body yet, verbs on other daemons only look: the launcher has done them. */
  async #presentAs<T>(): Promise<T> {
    const present: unknown = await status(this.pidFile)
    return present as T
  }
}

function restartsItself(): UnsupportedError {
  const feature = 'restart() of the daemon by itself'
  const advice = 'Call context.restart() here, or restart() in another process.'
  return new UnsupportedError(`A ${feature} is not supported. ${advice}`, { feature })
}
