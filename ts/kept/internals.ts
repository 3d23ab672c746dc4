/** What the hook uses of Node's `net` and `http` beyond their public faces. Runs in a keeper's body. */

import type { Server, Socket } from 'node:net'

/** A handle of libuv's: of a listening socket, or of a connection. */
export interface Handle {
  /** -1 where the handle has none (any more). */
  readonly fd: number
  close(...args: unknown[]): void
}

/**
 * The arguments of `_listen2`, which Node.js keeps under that name for code that wraps it. Names of hosts have been
 * looked up by then.
 */
export type ListenArguments = [
  address: string | null,
  port: number | null,
  addressType: number | null,
  backlog: number,
  fd: number | null | undefined,
  flags?: number | undefined,
]

/** A server, with what Node.js itself keeps in it. */
export interface OpenServer extends Server {
  _handle: Handle | null
  _connections: number
  allowHalfOpen?: boolean
  /** Only of HTTP. */
  keepAliveTimeout?: number
  keepAliveTimeoutBuffer?: number
  timeout?: number
}

/** The prototype of servers, and the function that makes a handle for `cluster`. */
export interface OpenNet {
  Server: { prototype: { _listen2: (this: OpenServer, ...args: ListenArguments) => void } }
  _createServerHandle: (
    address: string | null,
    port: number | null,
    addressType: number | null,
    fd?: number | null,
    flags?: number,
  ) => Handle | number
}

/** A connection, with what Node.js itself keeps in it. */
export interface OpenSocket extends Socket {
  _handle: Handle | null
  _server: OpenServer | null
  server: OpenServer | null
  /** The answer that HTTP is giving. */
  _httpMessage?: { headersSent: boolean; shouldKeepAlive: boolean } | null
}

/** Node's `net`, seen so. */
export function openNet(): OpenNet {
  return process.getBuiltinModule('node:net') as unknown as OpenNet
}
