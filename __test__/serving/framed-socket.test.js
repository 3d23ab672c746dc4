import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import test from 'ava'
import { framed } from '../../build/serving/framed-socket.js'

/** A framed socket, and the plain one at its other side. */
async function pair(t) {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const inner = connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true })
  const [[plain]] = await Promise.all([once(server, 'connection'), once(inner, 'connect')])
  server.close()
  const socket = framed(inner, false)
  t.teardown(() => {
    socket.destroy()
    plain.destroy()
  })
  return { socket, plain }
}

/** What has come until the end, and the error, if any. */
async function taken(socket) {
  let text = ''
  try {
    for await (const part of socket.setEncoding('utf8')) text += part
    return { text }
  } catch ({ code, syscall, message }) {
    return { text, code, syscall, message }
  }
}

const frame = (text) => {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(text.length)
  return Buffer.concat([head, Buffer.from(text)])
}

test('a connection that ends between frames has ended', async (t) => {
  for (const last of [frame(''), Buffer.alloc(0)]) {
    const { socket, plain } = await pair(t)
    plain.end(Buffer.concat([frame('one'), frame('two'), last]))
    t.deepEqual(await taken(socket), { text: 'onetwo' })
  }
})

test('a connection that ends in the middle of a frame, or of its length, is an error', async (t) => {
  for (const cut of [frame('two').subarray(0, 6), frame('two').subarray(0, 4), frame('two').subarray(0, 2)]) {
    const { socket, plain } = await pair(t)
    plain.end(Buffer.concat([frame('one'), cut]))
    const { text, ...error } = await taken(socket)
    t.true(text.startsWith('one') || text === '')
    t.deepEqual(error, { code: 'ECONNRESET', syscall: 'read', message: 'read ECONNRESET' })
  }
})
