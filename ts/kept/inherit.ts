/** Takes over the connections of the body that this one follows. Runs in a keeper's body. */

import type { IncomingMessage } from 'node:http'
import type { Binding } from '../binding/load.js'
import type { Passage } from '../binding/native.js'
import { seam } from '../binding/seam.js'
import type { OpenServer, OpenSocket } from './internals.js'
import type { Listening } from './listen.js'

/** Takes over what comes by the passage. */
export function inherit(binding: Binding, listening: Listening, passage: Passage): void {
  const hear = (): void => {
    for (const { text, fd } of passage.receive() ?? [])
      if (fd !== undefined) takeOver(binding, listening, text, fd)
  }
  // Then the other end keeps its connections.
  if (passage.hear(hear) !== null) passage.refuse()
}

function takeOver(binding: Binding, listening: Listening, key: string, fd: number): void {
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
