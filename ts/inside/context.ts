/** The context of this daemon. Runs in the daemon, in the facade's bundle. */

import { EventEmitter } from 'node:events'
import { raise } from '../binding/errors.js'
import { native } from '../binding/native.js'
import { InvalidOptionError, StartFailedError, UnsupportedError } from '../errors.js'
import { deserializeArgs } from '../handover/args.js'
import { encodeOwn } from '../handover/told-error.js'
import { show } from '../say.js'
import type { ConnectionHandler } from '../types/connections.js'
import type { ContextEvent, DaemonContext, StopHook } from '../types/context.js'
import type { Logger } from '../types/options.js'
import type { SignalMap, SignalName } from '../types/signals.js'
import { servedByOther } from './own-state.js'
import { provided } from './provided.js'
import { hasFailingCode } from './ready.js'
import { reopenLogs } from './reopen.js'
import { LateService } from './service.js'
import { Shutdown } from './shutdown.js'
import type { SignalActions } from './signals/actions.js'
import { isConsoleClosing } from './signals/delivered.js'
import { Signals } from './signals/map.js'
import type { Bringer, State } from './state.js'
import { writeStderr } from './stderr.js'

/** In characters. A longer status fits on no line, and would fill the channel of a launcher that does not read. */
const STATUS_LENGTH = 1_024

class Context implements DaemonContext {
  readonly role = 'daemon'
  readonly pid: number
  declare readonly name?: string
  readonly pidFile: string
  readonly detached: boolean
  readonly args: unknown[]
  readonly sockets: Readonly<Record<string, number>>
  /** Set by the Daemon that claims. A plain script has none. */
  logger: Logger | undefined
  readonly #state: State
  readonly #shutdown: Shutdown
  readonly #events: EventEmitter = new EventEmitter()
  readonly #actions: SignalActions
  readonly #service: LateService | undefined
  #restarting: Promise<never> | undefined
  readonly signals: SignalMap

  constructor(state: State) {
    this.#state = state
    this.pid = state.pid
    this.pidFile = state.pidFile
    this.detached = state.detached
    this.sockets = Object.freeze({ ...state.sockets })
    const { name, stopTimeout } = state.settings
    if (name !== undefined) Object.defineProperty(this, 'name', { value: name, enumerable: true })
    this.args = deserializeArgs(state.args)
    this.#shutdown = new Shutdown(
      stopTimeout ?? Number.POSITIVE_INFINITY,
      () => this.logger,
      (signal) => this.#actions.sayLast(signal),
    )
    const performer = {
      stop: (signal: SignalName) => this.#stopBy(signal),
      stopsAtOnce: () => !this.#shutdown.hasHooks,
      reload: (signal: SignalName) => {
        // A daemon that has detached has no console that anybody closes.
        if (!state.detached && isConsoleClosing()) this.#shutdown.onSignal(signal)
        else this.#reload()
      },
      reopen: () => this.#reopen(),
    }
    this.#actions = state.actionsBy(performer)
    this.signals = new Signals(this.#actions)
    this.#service = this.#served()
    state.whenDraining(() => this.#events.emit('drain'))
  }

  /** A body that another one has replaced ends for that reason, whatever signal its keeper sends it. */
  #stopBy(signal: SignalName): void {
    const { kept } = this.#state
    kept?.end()
    if (kept?.isDraining === true) void this.#shutdown.begin({ by: 'upgrade' }, 0)
    else this.#shutdown.onSignal(signal)
  }

  get instance(): number {
    return this.#state.kept?.instance ?? 0
  }

  /** The service of the daemon's socket, where it has one. */
  #served(): LateService | undefined {
    const { settings } = this.#state
    const { socket, version, idleTimeout = Number.POSITIVE_INFINITY, stopTimeout } = settings
    if (socket === undefined) return undefined
    const taken = native().takeListener(socket.path)
    if (typeof taken === 'object') raise(taken)
    if (!taken) return undefined
    const onIdle = (): void => void this.#shutdown.begin({ by: 'idle' }, 0)
    const onFailure = (text: string): void => void this.logger?.warn(text)
    const service = new LateService({ socket, version, idleTimeout, onIdle, onFailure })
    this.#state.isServed = true
    this.#shutdown.onBegin((reason) => service.leave(reason, stopTimeout))
    this.#state.whenReady(() => service.ready())
    return service
  }

  onConnection(handler: ConnectionHandler): void {
    if (typeof handler !== 'function') {
      throw new InvalidOptionError(`A handler of connections must be a function, not ${typeof handler}.`, {
        option: 'onConnection',
        value: handler,
      })
    }
    if (this.#service === undefined) {
      const hasSocket = this.#state.settings.socket !== undefined
      throw hasSocket ? servedByOther(this.#state) : withoutSocket('onConnection', this.pidFile)
    }
    this.#service.handleBy(handler)
  }

  get connections(): number {
    return this.#service?.size ?? 0
  }

  async busy<T>(work: Promise<T>): Promise<T> {
    return await (this.#service?.busy(work) ?? work)
  }

  /** Takes the logger and the signal actions of the Daemon that claims. */
  take({ logger, signals }: Bringer): void {
    this.logger = logger ?? this.logger
    // A script with a body of its own is not a plain script, however it was started.
    if (this.#state.hasOwnBody) this.#actions.standBeside()
    this.#actions.setAll(signals)
  }

  get signal(): AbortSignal {
    return this.#shutdown.signal
  }

  ready(): void {
    if (this.#state.isReady || this.#shutdown.begun) return
    this.#state.markReady()
    this.logger?.info(`ready with PID ${this.pid}`)
  }

  notify(status: string): void {
    if (typeof status !== 'string') {
      throw new InvalidOptionError(`The status must be a string, not ${typeof status}.`, {
        option: 'status',
        value: status,
      })
    }
    const text = status.slice(0, STATUS_LENGTH)
    native().tellStatus(text)
    this.#state.supervisor?.status(text)
  }

  onStop(hook: StopHook): void {
    if (typeof hook !== 'function') {
      throw new InvalidOptionError(`A stop hook must be a function, not ${typeof hook}.`, {
        option: 'onStop',
        value: hook,
      })
    }
    this.#shutdown.addHook(hook)
    this.#actions.arrangeAll()
  }

  on(event: ContextEvent, listener: () => void): this {
    this.#events.on(event, listener)
    return this
  }

  once(event: ContextEvent, listener: () => void): this {
    this.#events.once(event, listener)
    return this
  }

  off(event: ContextEvent, listener: () => void): this {
    this.#events.off(event, listener)
    return this
  }

  #reload(): void {
    const { supervisor } = this.#state
    supervisor?.reloading()
    try {
      this.#reopen()
      this.logger?.info('reloading')
      this.#events.emit('reload')
    } finally {
      supervisor?.reloaded()
    }
  }

  reopenLogs(): void {
    provided().refuseReopen()
    this.#reopen()
    // The other bodies of a keeper write to the same log.
    if (this.#state.kept !== undefined) native().tellKeeper('reopen', '')
  }

  #reopen(): void {
    reopenLogs(native(), this.#state.settings, (text) => this.logger?.warn(text))
  }

  dropPrivileges(to: { user?: string | number; group?: string | number }): void {
    const dropped = provided().droppedTo(to)
    if (dropped === undefined) return
    const failure = native().takeIdentity(dropped.identity)
    if (failure !== null) raise(failure)
    Object.assign(process.env, dropped.variables)
  }

  stop(code = 0): Promise<never> {
    if (!Number.isInteger(code) || code < 0 || code > 255) {
      const message = `The exit code must be an integer from 0 to 255, not ${show(code)}.`
      return Promise.reject(new InvalidOptionError(message, { option: 'code', value: code }))
    }
    native().tellEnd()
    return this.#shutdown.begin({ by: 'stop', code }, code)
  }

  restart(...args: unknown[]): Promise<never> {
    // The first restart ends this process: later calls wait for it.
    this.#restarting ??= this.#restart(args).catch((error: unknown) => {
      this.#restarting = undefined
      throw error
    })
    return this.#restarting
  }

  async #restart(args: readonly unknown[]): Promise<never> {
    const { pidFile, isReady, detached } = this.#state
    // In the foreground a restart is never possible: `beginRestart` says so.
    if (detached && (!isReady || this.#shutdown.begun)) {
      const message = isReady
        ? 'The daemon is already stopping.'
        : 'The daemon is not ready yet: a restart now would make its start fail.'
      throw new UnsupportedError(message, { pidFile, feature: 'restart' })
    }
    const helper = await provided().beginRestart(this.#state, args.length > 0 ? args : undefined)
    this.logger?.info(`restarting, by process ${helper.pid}`)
    return await new Promise((_, reject) => {
      helper.once('exit', (code, signal) => {
        if (this.#shutdown.begun) return
        const message =
          `The helper that restarts the daemon of ${pidFile} has ended (${signal ?? code}) ` +
          'without stopping it.'
        reject(new StartFailedError(message, { pidFile, step: 'helper' }))
      })
    })
  }

  /** The event loop has run dry: a normal end when the daemon is ready, a failure before. */
  end(): void {
    const { isReady, hasFailed, detached } = this.#state
    if (!isReady && !hasFailed && !hasFailingCode() && !this.#shutdown.begun) tellUnsettled(detached)
    const code = isReady ? 0 : hasFailed ? 1 : UNSETTLED
    void this.#shutdown.begin({ by: 'end' }, Number(process.exitCode ?? code))
  }

  [Symbol.asyncDispose](): Promise<never> {
    return this.stop(Number(process.exitCode ?? 0))
  }
}

function withoutSocket(option: string, pidFile: string): InvalidOptionError {
  const message = `This daemon has no socket, so nobody can connect to it. Give its Daemon the option 'socket'.`
  return new InvalidOptionError(message, { pidFile, option })
}

/** Node's own exit code for a top-level await that never settles. */
const UNSETTLED = 13

/** Tells the launcher; in the foreground, where there is none, standard error. */
function tellUnsettled(detached: boolean): void {
  const message =
    'The event loop ran dry before the daemon was ready: it awaits something that nothing will settle, or has ended ' +
    'without context.ready().'
  if (!detached) writeStderr(`daimon: ${message}`)
  native().tellError(encodeOwn(message))
}

/** The context of this daemon, made with its first use; its signal handlers are in place from then on. */
export function contextOf(state: State, bringer?: Bringer): DaemonContext {
  const { context } = state
  if (context !== undefined) {
    if (bringer !== undefined) state.take(bringer)
    return context
  }
  const made = new Context(state)
  state.hold({ context: made, take: (bringer) => made.take(bringer), end: () => made.end() })
  if (bringer !== undefined) made.take(bringer)
  state.markListening()
  return made
}
