/** The options as users write them. */

import type { SocketOptions } from './connections.js'
import type { DaemonContext } from './context.js'
import type { LogOptions } from './logs.js'
import type { ProcessOptions } from './process.js'
import type { SignalAction, SignalName } from './signals.js'

/** A path: absolute, relative to the launcher's current folder, or a `file:` URL (`import.meta.url`, for one). */
export type PathLike = string | URL

// They merge with the types of the DOM or of Node.js, and stand in for them in programs that have neither.
declare global {
  interface AbortSignal {}
  interface URL {
    href: string
  }
}

/** Anything with these four functions: `console`, pino, winston. It is told of the daemon's lifecycle. */
export interface Logger {
  debug(message: string, ...rest: unknown[]): unknown
  info(message: string, ...rest: unknown[]): unknown
  warn(message: string, ...rest: unknown[]): unknown
  error(message: string, ...rest: unknown[]): unknown
}

/** The body of a daemon. Returning, or the promise's resolving, means that it is ready, not that it has finished. */
export type RunFunction<A extends unknown[] = unknown[]> = (daemon: DaemonContext, ...args: A) => unknown

/** When a daemon counts as ready, see {@link CommonOptions.ready}. */
export type ReadyMode = 'auto' | 'manual' | 'running'

/** The same of any program, see {@link CommonOptions.ready}. */
export type ReadyWhen = ReadyMode | 'notify' | ReadyAddress

/** Where a `program` accepts connections once it is ready. */
export type ReadyAddress =
  | { port: number; host?: string; path?: never }
  | { path: PathLike; port?: never; host?: never }

/** Whether a daemon is detached, see {@link CommonOptions.detach}. */
export type Detach = 'auto' | boolean

/** The options of one `stop()`; the daemon's own options stand for those that are left out. */
export interface StopOptions {
  /**
   * The signal that asks the daemon to stop, by name or number.
   * @default 'SIGTERM'
   */
  stopSignal?: SignalName | number
  /**
   * How long the daemon may take to stop, in milliseconds; `Infinity` is allowed.
   * @default 10_000
   */
  stopTimeout?: number
  /**
   * Whether a daemon that is still running after `stopTimeout` is killed. If not, `stop()` rejects with
   * StopTimeoutError. If it is, `stop()` waits for the end by SIGKILL as long again, a second at least, before it
   * rejects.
   * @default true
   */
  forceKill?: boolean
  /** Ends the wait: the verb rejects with the signal's reason. */
  signal?: AbortSignal
}

/** The options that `new Daemon()` and `daemonize()` share. One of `name` and `pidFile` is required. */
export interface CommonOptions extends Omit<StopOptions, 'signal'>, ProcessOptions {
  /** Names the daemon: gives the default pidfile and the title. `[A-Za-z0-9][A-Za-z0-9._@-]{0,63}` */
  name?: string
  /**
   * The file that says whether a daemon runs, and which. Its folder must exist, but for the default ones.
   * @default for root `/run/daimon/NAME.pid` (macOS: `/var/run/daimon/NAME.pid`), else
   * `~/.local/state/daimon/NAME.pid` with the home folder of the passwd entry, whatever HOME says (without an entry:
   * HOME, where that is a folder of this user's); `NAME.pid` in the folder of the environment variable DAIMON_HOME
   * where it is set
   */
  pidFile?: PathLike
  /**
   * The permissions of the pidfile. 0o644 lets others ask for the status, and lets them hold a lock that blocks the
   * next start.
   * @default 0o600
   */
  pidFileMode?: number
  /**
   * Standard input: a file to read, or `'inherit'`.
   * @default the null device; in the foreground, without a keeper, what it was
   */
  stdin?: PathLike | 'inherit'
  /**
   * Standard output: a file to append to, or `'inherit'`.
   * @default the null device; in the foreground what it was
   */
  stdout?: PathLike | 'inherit'
  /**
   * Standard error: a file to append to, or `'inherit'`.
   * @default the null device; in the foreground what it was
   */
  stderr?: PathLike | 'inherit'
  /**
   * One file for both standard output and standard error, to which they are appended; or the file with its mode and its
   * rotation. Excludes both.
   */
  log?: PathLike | LogOptions
  /**
   * The daemon's current folder, entered when the body begins (a plain script: before its first line). With `chroot`
   * it is one inside the new root: give its absolute path there.
   * @default the launcher's; with `chroot` `/`
   */
  cwd?: PathLike
  /**
   * The permissions that files made by the daemon do not get.
   * @default 0o022
   */
  umask?: number
  /** Environment variables, merged over the launcher's; `undefined` removes one. */
  env?: Readonly<Record<string, string | undefined>>
  /**
   * Leaves nothing of the launcher's environment but PATH, HOME, LANG and TZ (and DAIMON_HOME).
   * @default false
   */
  cleanEnv?: boolean
  /**
   * The daemon's `process.title`.
   * @default `name`
   */
  title?: string
  /**
   * When the daemon counts as ready. `'auto'`: once its body has begun without failing: `run()` has resolved, the main
   * module has been evaluated. `'manual'`: only when it calls `context.ready()`. `'running'`: once `run()` runs and has
   * not failed at once, for one that never returns.
   *
   * Of a `program`: `'running'` (also `'auto'`), once it has run for 0.1 s; `'notify'`, when it says READY=1,
   * sd_notify(3); `{ port }`, or `{ path }` of a Unix socket, when a connection is accepted there, without `host` at
   * 127.0.0.1 or `::1`.
   * @default 'auto'
   */
  ready?: ReadyWhen
  /**
   * How long the daemon may take to get ready, in milliseconds; `Infinity` is allowed. Then it is ended, and the start
   * rejects with ReadyTimeoutError. In the foreground a keeper ends it, and without one only a supervisor can, which is
   * told of this time.
   * @default 30_000
   */
  readyTimeout?: number
  /**
   * Whether the signals of a stop go to the daemon's whole process group, its shells and workers. Only where that group
   * is its session's own, as it is for one that detached.
   * @default false
   */
  stopGroup?: boolean
  /**
   * How long a start waits for another instance to leave before AlreadyRunningError, in milliseconds; `Infinity` is
   * allowed.
   * @default 0
   */
  lockTimeout?: number
  /**
   * Whether the daemon is a process of its own that leaves the launcher's session. With `false` the calling process
   * becomes the daemon, as with `foreground()`. `'auto'`: `daemonize()` does so under a supervisor, that is as the main
   * process of a systemd service, a launchd job or a service of Windows, and as PID 1 of a container; `Daemon#start`
   * always detaches.
   * @default 'auto'
   */
  detach?: Detach
  /**
   * The actions of signals in the daemon, by their names: a named action, or a handler, which gets the signal's name. A
   * plain script is a program of its own, so it can have named actions only.
   * @default SIGTERM, SIGINT, SIGQUIT: 'stop'; SIGHUP: 'reload'; SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1: 'ignore'
   */
  signals?: Readonly<Partial<Record<Exclude<SignalName, 'SIGKILL' | 'SIGSTOP'>, SignalAction>>>
  /**
   * Compiles the daemon's program with Node's own cache on disk, so that its next start is faster. From Node.js 22.1
   * on; without effect before.
   *
   * A folder is made if it is missing. Only the daemon's user and root may be able to change anything in it, because
   * the daemon executes what is there. `true` is `compile-cache` in `/var/cache/daimon` for root, else in
   * `~/.cache/daimon`; with `user` in that user's home folder; else in the folder of the environment variable
   * DAIMON_HOME where it is set.
   *
   * With `user` the cache holds what is loaded once the daemon is that user. It cannot be had with `chroot`.
   * @default false
   */
  compileCache?: boolean | PathLike
  /**
   * A listening Unix socket, which the daemon has from the first moment on: `true` beside the pidfile (with `.sock` for
   * `.pid`), or its path, or its options. What connects to it is given to {@link DaemonContext.onConnection}.
   * `connect()` starts the daemon if need be.
   * @default false
   */
  socket?: boolean | PathLike | SocketOptions
  /**
   * The daemon stops by itself when it has been ready, with a handler for connections, without a connection and not
   * busy, for so long, in milliseconds of any number; `Infinity`: never. Needs `socket`. Of a running daemon its own
   * counts, not the caller's.
   * @default Infinity
   */
  idleTimeout?: number
  /**
   * The version that the daemon tells each client, 1 to 64 bytes of printable ASCII without spaces. `connect()` and
   * `ensure()` of a Daemon with another version stop the running one and start theirs; without a version any will do.
   * Needs `socket`. Two versions in constant use replace each other: one start for each change.
   */
  version?: string
  /**
   * Has a keeper: a small native process that is the daemon, and runs the program as its child. When the program ends,
   * the keeper starts it again: `'failure'`, also `true`, after a code other than 0 and after a signal; `'always'`
   * after any end; `'never'` not at all. The first respawn follows at once, the others after pauses that double.
   * Linux and macOS.
   * @default false
   */
  respawn?: boolean | RespawnWhen | RespawnOptions
  /**
   * Sockets that a keeper opens before the program, by their names: privileged ports, which are opened before the
   * change of user, and those that several `instances` share. A number is a port at `::`, or where there is no IPv6 at
   * 0.0.0.0; `host` is an IP address; the `mode` of a path is 0o600 by default, a `backlog` 4,096. The program listens
   * there as ever, and gets the keeper's socket; `context.sockets` has the descriptors. Any other socket of the
   * program's is learned when it listens. Implies `respawn: 'never'`.
   */
  listen?: Readonly<Record<string, ListenAddress>>
  /**
   * So many processes run the program, and share its sockets; `context.instance` tells which of them a process is. The
   * first is alone until it is ready. Implies `respawn: 'never'`.
   * @default 1
   */
  instances?: number
  /**
   * How long a process that `upgrade()` has replaced may take to finish its work, in milliseconds. Then it is stopped,
   * by `stopSignal` and within `stopTimeout`. Needs a keeper.
   * @default 30_000
   */
  drainTimeout?: number
  /** Is told of lifecycle events. */
  logger?: Logger
}

/** An address to listen at, see {@link CommonOptions.listen}. */
export type ListenAddress =
  | number
  | { port: number; host?: string; backlog?: number; path?: never; mode?: never }
  | { path: PathLike; mode?: number; backlog?: number; port?: never; host?: never }

/** After which ends of the program a keeper starts it again. */
export type RespawnWhen = 'failure' | 'always' | 'never'

/** When, how soon and how often a keeper starts the program again. Times in milliseconds. */
export interface RespawnOptions {
  /**
   * After which ends.
   * @default 'failure'
   */
  on?: RespawnWhen
  /**
   * The pause before the second respawn in a row; it doubles with each one that follows.
   * @default 100
   */
  delay?: number
  /**
   * The longest pause.
   * @default 30_000
   */
  maxDelay?: number
  /**
   * After so many respawns in a row the keeper gives up: it says so in the log, and the daemon ends with the code 1.
   * `Infinity`: never.
   * @default 10
   */
  limit?: number
  /**
   * A program that has been ready for this time begins a new row.
   * @default 60_000
   */
  window?: number
}

/** The options of `new Daemon()`. Without `run` and `script` (and a `run()` method) it only controls. */
export interface DaemonOptions<A extends unknown[] = unknown[]> extends CommonOptions {
  /** The body. With `script` too it is run once that module has been evaluated. */
  run?: RunFunction<A>
  /**
   * The module that the daemon executes instead of the launcher's main one. As with `node X`, it may be a folder with a
   * `main` in its package.json or an index.js, or lack its ending (`.js`, `.cjs`, `.mjs`).
   */
  script?: PathLike
  /**
   * The arguments of `script`: its `process.argv.slice(2)`.
   * @default []
   */
  scriptArgs?: readonly string[]
  /**
   * The program that executes `script`.
   * @default `process.execPath`
   */
  execPath?: PathLike
  /**
   * The program's own flags, before `script`.
   * @default `process.execArgv` without `--inspect*`
   */
  execArgv?: readonly string[]
  /**
   * Any executable as the body, instead of `run` and `script`: a path, from the daemon's folder on, or a name to be
   * looked for in the daemon's PATH, both each time that it is started. A keeper runs it: implies `respawn: 'never'`.
   * Sockets of `listen` come as systemd gives them, sd_listen_fds(3). Linux.
   */
  program?: string | URL
  /**
   * The arguments of `program`.
   * @default []
   */
  programArgs?: readonly string[]
}

/** The options of `daemonize()`. */
export interface DaemonizeOptions<A extends readonly unknown[] = readonly unknown[]> extends CommonOptions {
  /**
   * Values for the daemon, structured-cloneable and of 1 GiB at most, that arrive as `context.args`; or a function that
   * yields them. It is called in the launcher alone, before anything else happens.
   * @default []
   */
  args?: A | (() => A | PromiseLike<A>)
  /**
   * Whether the launcher exits once the daemon is ready.
   * @default true
   */
  exit?: boolean
}

/** The options of `with()`: any of the Daemon's, given anew, and a signal. What is left out stays as it was. */
export interface WithOptions<A extends unknown[] = unknown[]> extends DaemonOptions<A> {
  /**
   * Ends the waits of its verbs: they reject with the signal's reason. A half-started daemon is ended, unless it has a
   * socket, by which others find it.
   */
  signal?: AbortSignal
}
