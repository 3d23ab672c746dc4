/** Connections to a daemon on demand, on both sides. */

// biome-ignore lint/suspicious/noTsIgnore: where Node's types are there, nothing is wrong
/** @ts-ignore: in a program without Node's types it is of no known type */
export type Socket = import('node:net').Socket

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
  /** Its user when it connected. */
  uid: number
  /** Its group when it connected. */
  gid: number
}

/** Takes a connection, see {@link DaemonContext.onConnection}. */
export type ConnectionHandler = (socket: Socket, peer: Peer) => unknown

/** The options of `connect()`. */
export interface ConnectOptions {
  /**
   * The arguments of a start, as those of `start()`.
   * @default []
   */
  args?: readonly unknown[]
  /**
   * Whether the daemon is started where nobody listens. If not: NotRunningError.
   * @default true
   */
  start?: boolean
  /** Ends the wait: it rejects with the signal's reason. A start that has begun goes on. */
  signal?: AbortSignal
}
