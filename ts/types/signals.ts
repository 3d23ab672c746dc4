/** Signals, and what they do in a daemon. */

/** The same names as `NodeJS.Signals`, for programs without `@types/node`. */
export type SignalName =
  | 'SIGABRT'
  | 'SIGALRM'
  | 'SIGBUS'
  | 'SIGCHLD'
  | 'SIGCONT'
  | 'SIGFPE'
  | 'SIGHUP'
  | 'SIGILL'
  | 'SIGINT'
  | 'SIGIO'
  | 'SIGIOT'
  | 'SIGKILL'
  | 'SIGPIPE'
  | 'SIGPOLL'
  | 'SIGPROF'
  | 'SIGPWR'
  | 'SIGQUIT'
  | 'SIGSEGV'
  | 'SIGSTKFLT'
  | 'SIGSTOP'
  | 'SIGSYS'
  | 'SIGTERM'
  | 'SIGTRAP'
  | 'SIGTSTP'
  | 'SIGTTIN'
  | 'SIGTTOU'
  | 'SIGUNUSED'
  | 'SIGURG'
  | 'SIGUSR1'
  | 'SIGUSR2'
  | 'SIGVTALRM'
  | 'SIGWINCH'
  | 'SIGXCPU'
  | 'SIGXFSZ'
  | 'SIGBREAK'
  | 'SIGLOST'
  | 'SIGINFO'

/** An action by name; `'default'` is what the system, or Node.js, would do. */
export type NamedAction = 'stop' | 'reload' | 'reopen' | 'ignore' | 'default'

/** An action, or a handler that is given the signal's name. */
export type SignalAction = NamedAction | ((signal: SignalName) => unknown)

/** The signals' actions. What has not been set has the default; where there is none, the system's applies. */
export interface SignalMap {
  /**
   * Sets an action, from now on. Listeners of the program's own (`process.on`) are called beside it.
   *
   * @throws InvalidOptionError for an unknown signal or action, and for SIGKILL and SIGSTOP
   */
  set(signal: SignalName, action: SignalAction): this
  /**
   * The action in force; undefined where the system's own is.
   *
   * @throws InvalidOptionError as `set`
   */
  get(signal: SignalName): SignalAction | undefined
  /**
   * Gives the signal its default action back; false when it had that.
   *
   * @throws InvalidOptionError as `set`
   */
  delete(signal: SignalName): boolean
  /**
   * Runs `fn` and defers the actions of these signals until it has ended, however it does; then each signal that has
   * come is delivered, once. Resolves to what `fn` gives.
   *
   * @throws InvalidOptionError for an unknown signal, for SIGKILL and SIGSTOP, and if `fn` is no function
   * @throws what `fn` throws
   */
  hold<T>(signals: SignalName | readonly SignalName[], fn: () => T | PromiseLike<T>): Promise<T>
  /**
   * Waits until the signal comes next, beside its action; one without action does nothing else meanwhile. Does not keep
   * the event loop alive.
   *
   * @throws InvalidOptionError for an unknown signal, for SIGKILL and SIGSTOP, and if `options.signal` is no
   * AbortSignal
   * @throws the reason of `options.signal` when that aborts
   */
  once(signal: SignalName, options?: { signal?: AbortSignal }): Promise<SignalName>
}
