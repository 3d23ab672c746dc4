/** Daemons on demand, for tests. */

import { once } from 'node:events'
import { Daemon } from '../../dist/index.js'
import { fixture } from './index.js'

/** The path of the daemon's socket; on Windows the name of a pipe. */
export const socketPath = (place) => `${PREFIX}${place.file('engine.sock')}`

const PREFIX = process.platform === 'win32' ? '\\\\.\\pipe\\' : ''

/** The options of a Daemon whose body is the fixture `engine.mjs`. `ways` are its own. */
export function engineIn(place, { ways = {}, ...options } = {}) {
  return {
    pidFile: place.file('engine.pid'),
    script: fixture('launcher/engine.mjs'),
    scriptArgs: [JSON.stringify(ways)],
    socket: true,
    log: place.file('engine.log'),
    ...options,
  }
}

/** A Daemon whose body is the fixture `engine.mjs`. */
export const engine = (place, options) => new Daemon(engineIn(place, options))

/** What the daemon says first. */
export async function greetingOf(socket) {
  let text = ''
  socket.setEncoding('utf8')
  while (!text.includes('\n')) {
    const [data] = await once(socket, 'data')
    text += data
  }
  return JSON.parse(text)
}

/** Ends the connection, and waits until the daemon has ended its side. */
export async function close(socket) {
  socket.resume().end()
  if (!socket.destroyed) await once(socket, 'close')
}
