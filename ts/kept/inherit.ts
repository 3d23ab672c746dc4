/** Takes over the connections of the body that this one follows. Runs in a keeper's body. */

import type { IncomingMessage } from 'node:http'
import type { Binding } from '../binding/load.js'
import type { Passage } from '../binding/native.js'
import { seam } from '../binding/seam.js'
import type { OpenServer, OpenSocket } from './internals.js'
import type { Listening } from './listen.js'

/** The body that follows: the way there, and the keys of the sockets that it listens at. */
export interface Heir {
  readonly passage: Passage
  readonly keys: readonly string[]
}

/** A connection, and the key of its server. */
interface Moved {
  readonly key: string
  readonly fd: number
}

/**
 * What the bodies that this one follows hand over, each by a passage: they may do so as long as they drain, also when
 * this one drains, too. From then on it goes straight to the heir.
 */
export class Inheritance {
  readonly #binding: Binding
  readonly #listening: Listening
  /** Those by which something can still come. */
  readonly #passages = new Set<Passage>()
  /** For which the way to the heir had no room. */
  #waiting: Moved[] = []
  #heir: Heir | undefined

  constructor(binding: Binding, listening: Listening) {
    this.#binding = binding
    this.#listening = listening
  }

  /** Takes over what comes by the passage. */
  follow(passage: Passage): void {
    this.#passages.add(passage)
    const hear = (): void => {
      for (;;) {
        const came = passage.receive()
        for (const { text, fd } of came ?? []) if (fd !== undefined) this.#take({ key: text, fd })
        // The end is told alone: the last connections may come with it.
        if (came === null) this.#passages.delete(passage)
        if (came === null || came.length === 0) return
      }
    }
    if (passage.hear(hear) === null) return
    // Then the other end keeps its connections, but for those that are under way.
    passage.refuse()
    hear()
  }

  /** From now on what comes is the heir's. */
  passOn(heir: Heir | undefined): void {
    this.#heir = heir
  }

  /** Whether nothing can come any more, and all that has come is in its place; tries that again. */
  settle(): boolean {
    const waiting = this.#waiting
    this.#waiting = []
    for (const moved of waiting) this.#take(moved)
    return this.#passages.size === 0 && this.#waiting.length === 0
  }

  #take(moved: Moved): void {
    const { key, fd } = moved
    const heir = this.#heir
    if (heir === undefined || !heir.keys.includes(key)) takeOver(this.#binding, this.#listening, moved)
    else if (heir.passage.send(key, fd)) this.#binding.closeDescriptor(fd)
    else if (heir.passage.isOpen()) this.#waiting.push(moved)
    else takeOver(this.#binding, this.#listening, moved)
  }
}

function takeOver(binding: Binding, listening: Listening, { key, fd }: Moved): void {
  const server = [...listening.servers].find(([, kept]) => kept.key === key)?.[0]
  if (server === undefined) {
    binding.closeDescriptor(fd)
    return
  }
  const { Socket } = process.getBuiltinModule('node:net')
  const { allowHalfOpen = false } = server
  const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen }) as OpenSocket
  // As Node.js does with a connection that it has accepted.
  server._connections++
  socket.server = server
  socket._server = server
  server.emit('connection', socket)
  seam(binding, 'kept.inherited')
  waitForRequest(server, socket)
}

const waiting = new WeakMap<OpenServer, WeakSet<OpenSocket>>()

/** HTTP takes it for a connection that has never sent a request, and would end it. It is one after an answer. */
function waitForRequest(server: OpenServer, socket: OpenSocket): void {
  const { keepAliveTimeout = 0, keepAliveTimeoutBuffer = 0 } = server
  if (keepAliveTimeout <= 0) return
  const known = waiting.get(server) ?? new WeakSet()
  if (!waiting.has(server)) {
    waiting.set(server, known)
    server.prependListener('request', ({ socket: one }: IncomingMessage) => {
      if (known.delete(one as OpenSocket)) one.setTimeout(server.timeout ?? 0)
    })
  }
  known.add(socket)
  socket.setTimeout(keepAliveTimeout + keepAliveTimeoutBuffer)
}
