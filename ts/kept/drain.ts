/**
 * The end of a body that another one has taken the place of: it accepts no more, finishes its answers, and hands over
 * the connections that are between two requests. The program notices nothing: its servers are open as before, and its
 * own `close()` works. Runs in a keeper's body.
 */

import type { Server as HttpServer, ServerResponse } from 'node:http'
import type { Passage } from '../binding/native.js'
import type { Heir, Inheritance } from './inherit.js'
import type { OpenServer, OpenSocket } from './internals.js'
import type { Kept, Listening } from './listen.js'

/** How often it is looked whether anything is left to do, in milliseconds: what is idle is told by no event. */
const LOOK = 5

/** Where connections go, and where they may come from. */
export interface Ways {
  readonly heir?: Heir | undefined
  readonly inheritance?: Inheritance
}

/** The connections of a server. */
interface Serving {
  readonly server: OpenServer
  readonly key: string
  readonly sockets: Set<OpenSocket>
  /** By which its connections are moved; undefined where they cannot be, or no more. */
  passage: Passage | undefined
}

/** Keeps, for each server, the connections that it has. Node.js tells only how many. */
export class Connections {
  readonly #sockets = new WeakMap<OpenServer, Set<OpenSocket>>()
  readonly #sessions = new WeakMap<OpenServer, Set<Session>>()

  /** Notes the connections of a server from now on. */
  follow(server: OpenServer): void {
    if (this.#sockets.has(server)) return
    const sockets = new Set<OpenSocket>()
    this.#sockets.set(server, sockets)
    server.on(isTls(server) ? 'secureConnection' : 'connection', (socket: OpenSocket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    const sessions = new Set<Session>()
    this.#sessions.set(server, sessions)
    server.on('session', (session: Session) => {
      sessions.add(session)
      session.once('close', () => sessions.delete(session))
    })
  }

  of(server: OpenServer): Set<OpenSocket> {
    return this.#sockets.get(server) ?? new Set()
  }

  sessionsOf(server: OpenServer): Set<Session> {
    return this.#sessions.get(server) ?? new Set()
  }
}

/** A session of HTTP/2. */
interface Session {
  readonly destroyed: boolean
  close(): void
  once(event: 'close', listener: () => void): unknown
}

function isTls(server: OpenServer): boolean {
  return 'setSecureContext' in server
}

function isHttp(server: OpenServer): server is OpenServer & HttpServer {
  return 'keepAliveTimeout' in server
}

/** Finishes this thread's work: calls `leaving` when it accepts no more, and `done` when nothing is left. */
export function drain(
  listening: Listening,
  connections: Connections,
  { heir, inheritance }: Ways,
  leaving: () => void,
  done: () => void,
): void {
  listening.isLeaving = true
  inheritance?.passOn(heir)
  const servings = Array.from(listening.servers, ([server, kept]) => begin(server, kept, connections, heir))
  leaving()
  const timer = setInterval(() => {
    for (const serving of servings) moveIdle(serving)
    if (inheritance?.settle() === false) return
    const left = servings.filter(({ server }) => server._connections > 0)
    // The heir may be waiting for this, because it drains itself.
    if (left.every(({ passage }) => passage === undefined)) heir?.passage.refuse()
    if (left.length > 0) return
    clearInterval(timer)
    done()
  }, LOOK)
}

function begin(
  server: OpenServer,
  { key, handle }: Kept,
  connections: Connections,
  heir: Heir | undefined,
): Serving {
  // At the handle, so that the program does not notice: `address()` would ask it.
  const address = server.address()
  server.address = () => address
  handle.close()
  const sockets = connections.of(server)
  // Of plain HTTP, if the one that follows has such a server, and Node.js tells which connections are idle.
  const canMove = isHttp(server) && !isTls(server) && betweenRequests(server) !== undefined
  const passage = canMove && heir?.keys.includes(key) === true ? heir.passage : undefined
  const serving: Serving = { server, key, sockets, passage }
  for (const session of connections.sessionsOf(server)) if (!session.destroyed) session.close()
  if (!isHttp(server)) return serving
  if (passage === undefined) endEach(server, sockets)
  else moveEach(serving)
  return serving
}

/** Each answer from now on is the last of its connection. */
function endEach(server: HttpServer, sockets: Set<OpenSocket>): void {
  for (const { _httpMessage: message } of sockets) if (message) beLast(message)
  server.prependListener('request', (_, response) => beLast(response))
}

function beLast(message: { headersSent: boolean; shouldKeepAlive: boolean }): void {
  if (!message.headersSent) message.shouldKeepAlive = false
}

/** Connections follow when their answers are given. */
function moveEach(serving: Serving): void {
  const { server, sockets } = serving
  moveIdle(serving)
  const after = (response: Pick<ServerResponse, 'once'>): void => {
    response.once('finish', () => moveIdle(serving))
  }
  for (const { _httpMessage: message } of sockets) if (message) after(message as unknown as ServerResponse)
  server.prependListener('request', (_: unknown, response: ServerResponse) => after(response))
}

/** Hands over the connections that are between two requests, or have sent nothing yet. */
function moveIdle(serving: Serving): void {
  const { server, key, sockets, passage } = serving
  const between = betweenRequests(server)
  if (passage === undefined || between === undefined) return
  for (const socket of sockets) {
    const handle = socket._handle
    if (socket.destroyed || socket._httpMessage || handle === null || handle.fd < 0) continue
    if (socket.bytesRead !== 0 && !between.has(socket)) continue
    if (socket.writableLength !== 0 || socket.readableLength !== 0 || socket.writableEnded) continue
    if (!passage.send(key, handle.fd)) {
      // Without room it stays, and is tried again. Where nobody takes it any more it ends after its next answer.
      if (passage.isOpen()) return
      serving.passage = undefined
      if (isHttp(server)) endEach(server, sockets)
      return
    }
    // This closes the descriptor alone: the connection lives on by its duplicate.
    socket.destroy()
  }
}

/** The connections whose parser waits for the next request; undefined where Node.js does not tell. */
function betweenRequests(server: OpenServer): Set<unknown> | undefined {
  const symbol = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connections',
  )
  const list: unknown = symbol === undefined ? undefined : Reflect.get(server, symbol)
  if (typeof list !== 'object' || list === null || !('idle' in list) || typeof list.idle !== 'function') {
    return undefined
  }
  const parsers: readonly { socket: unknown }[] = Reflect.apply(list.idle, list, [])
  return new Set(parsers.map(({ socket }) => socket))
}
