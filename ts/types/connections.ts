/** The socket of a daemon on demand, and connections to it, on both sides. */

import type { PathLike } from './options.js'

// biome-ignore lint/suspicious/noTsIgnore: where Node's types are there, nothing is wrong
/** @ts-ignore: in a program without Node's types it is of no known type */
export type Socket = import('node:net').Socket

/** The socket of a daemon, see {@link CommonOptions.socket}. */
export interface SocketOptions {
  /**
   * Its path. On Linux it may be longer than an address of a socket (107 bytes). On Windows the name of a pipe, such as
   * `\\.\pipe\web`, of at most 256 characters.
   * @default the pidfile's, with `.sock` for `.pid`; on Windows that after `\\.\pipe\`
   */
  path?: PathLike
  /**
   * Its exact permissions, whatever the umask: who may write to it may connect. Not supported on Windows.
   * @default 0o600
   */
  mode?: number
  /**
   * Whether the daemon says hello on each connection, a line that `connect()` reads. Without it other clients need not
   * know of daimon, but a connection to a daemon that leaves is lost without notice.
   * @default true
   */
  hello?: boolean
}

/** A connection that the daemon has accepted. It is paused: nothing has been read but the daemon's hello. */
export type DaemonSocket = Socket & {
  /** What the daemon says of itself. */
  readonly daemon: {
    readonly pid: number
    /** The daemon's option `version`; absent without one. */
    readonly version?: string
  }
}

/** The process at the other end of a connection, as the kernel names it. */
export interface Peer {
  /** Absent for a process of another PID namespace. */
  pid?: number
  /** Its user when it connected; -1 on Windows. */
  uid: number
  /** Its group when it connected; -1 on Windows. */
  gid: number
}

/** Takes a connection, see {@link DaemonContext.onConnection}. */
export type ConnectionHandler = (socket: Socket, peer: Peer) => unknown

/** The options of `connect()`. */
export interface ConnectOptions<A extends readonly unknown[] = readonly unknown[]> {
  /**
   * The arguments of a start, as those of `start()`.
   * @default []
   */
  args?: A
  /**
   * Whether the daemon is started where nobody listens. If not: NotRunningError.
   * @default true
   */
  start?: boolean
  /** Ends the wait: it rejects with the signal's reason. A start that has begun goes on. */
  signal?: AbortSignal
}
