/** The context of a daemon's body. */

import type { ConnectionHandler } from './connections.js'
import type { SignalMap, SignalName } from './signals.js'

/** Why a daemon stops. */
export type StopReason =
  | { by: 'signal'; signal: SignalName; code?: never; error?: never }
  | { by: 'stop'; code: number; signal?: never; error?: never }
  | { by: 'end'; signal?: never; code?: never; error?: never }
  | { by: 'error'; error: unknown; signal?: never; code?: never }
  | { by: 'idle'; signal?: never; code?: never; error?: never }
  | { by: 'upgrade'; signal?: never; code?: never; error?: never }

/**
 * `reload`: SIGHUP came; the logs have been opened again. `drain`: another process of the same daemon serves by now, as
 * after `upgrade()`, and this one finishes its work: time to close what would last, such as WebSockets.
 */
export type ContextEvent = 'reload' | 'drain'

/** Work to be done when the daemon stops, see {@link DaemonContext.onStop}. */
export type StopHook = (reason: StopReason) => unknown

/** The daemon, seen from inside. */
export interface DaemonContext<A extends readonly unknown[] = unknown[]> extends AsyncDisposable {
  /** Tells the daemon from its launcher, to which `daemonize()` may resolve with `'launcher'`. */
  readonly role: 'daemon'
  /** The PID of this process. With a keeper that is another one than the daemon's, which `status()` tells. */
  readonly pid: number
  /** Which of the `instances` this process is, from 0 on. */
  readonly instance: number
  /** The option `name`; absent without one. */
  readonly name?: string
  /** Absolute. */
  readonly pidFile: string
  /** Whether it left the launcher's session; false after `foreground()`. */
  readonly detached: boolean
  /** The arguments that the launcher has passed. */
  readonly args: A
  /** Aborted when the stop begins; for `listen()`, timers, `fetch`. */
  readonly signal: AbortSignal
  /**
   * The sockets that systemd has opened for this process (`LISTEN_FDS`), name to descriptor, for `listen({ fd })`. The
   * second socket with a name is called `NAME:2`, a socket without a name `unknown`. With a keeper those of the
   * option `listen`, too.
   */
  readonly sockets: Readonly<Record<string, number>>
  /**
   * Says that the daemon serves: the launcher's `start()` resolves, systemd is told. Later calls do nothing.
   */
  ready(): void
  /**
   * Progress text, for a waiting launcher and for systemd's status.
   *
   * @throws InvalidOptionError if it is not a string
   */
  notify(status: string): void
  /**
   * Registers a hook to run when the daemon stops. The last hook registered runs first; each is awaited, all of them
   * together within `stopTimeout`. If a hook throws, the others run all the same, and the exit code is 1.
   *
   * @throws InvalidOptionError if it is not a function
   */
  onStop(hook: StopHook): void
  /**
   * Registers the handler of connections to the daemon's socket. The daemon accepts once it is ready and has a handler;
   * until then connections wait. A socket is half-open when its other side has ended: the handler ends its own.
   *
   * @throws InvalidOptionError if it is not a function, or the daemon has no socket; UnsupportedError if a copy of
   *   another version has made this process the daemon
   */
  onConnection(handler: ConnectionHandler): void
  /** How many connections are open; 0 without a socket. */
  readonly connections: number
  /** Counts as use of the daemon until the promise settles, for `idleTimeout`; resolves and rejects with it. */
  busy<T>(work: Promise<T>): Promise<T>
  /** The actions of signals, which can be changed at any time. */
  readonly signals: SignalMap
  /**
   * Opens the logs again, after a program has renamed them: the outputs go on in new files. SIGHUP does it, too. A log
   * that cannot be opened is kept, with a warning. With `chroot` all are kept, because their paths lead elsewhere
   * there.
   */
  reopenLogs(): void
  /** Adds a listener, see {@link ContextEvent}. */
  on(event: ContextEvent, listener: () => void): this
  /** As `on`, for the next time only. */
  once(event: ContextEvent, listener: () => void): this
  /** Removes a listener of `on` or `once`. */
  off(event: ContextEvent, listener: () => void): this
  /**
   * Gives up the rights of root for those of a user, a group or both, by name or id, in all threads and for good: for a
   * daemon that has had to open a port below 1024, for one. HOME, USER, LOGNAME and SHELL follow.
   *
   * @throws InvalidOptionError when there is no such user or group, or this process may not become them
   * @throws PermissionDeniedError when the system refuses, or there is a way back; the process should end then
   */
  dropPrivileges(to: { user?: string | number; group?: string | number }): void
  /**
   * Stops the daemon: runs the hooks, removes the pidfile, exits with `code`.
   *
   * @param code - from 0 to 255; 0 without it
   * @throws InvalidOptionError for any other
   */
  stop(code?: number): Promise<never>
  /**
   * Restarts this daemon: a helper process stops it, as `stop()` of a Daemon does, and launches it again in the same
   * way. The stop hooks run, with the stop signal as their reason. Without arguments the new daemon gets those of this
   * daemon. In the daemon that ends, the promise stays pending. The helper writes later failures to the log.
   *
   * Rejects, with nothing changed, if the start would fail for a known reason.
   *
   * @param args - in place of {@link DaemonContext.args}
   * @throws UnsupportedError in the foreground and under a supervisor, which should do it; before the daemon is ready
   * and when it stops; with `chroot` or `keepFds`, and in a single executable
   * @throws InvalidOptionError for arguments that cannot be cloned, a script, a folder or a log that has gone
   * @throws StartFailedError when Node.js, the program or the package's files are gone, or the helper cannot begin
   * @throws PermissionDeniedError when the rights are gone by which it was started; PidFileError
   */
  restart(...args: A | []): Promise<never>
  /** As `stop()`: `await using` stops the daemon at the end of the block. */
  [Symbol.asyncDispose](): Promise<never>
}
