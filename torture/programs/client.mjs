// A client of a daemon on demand: it connects, has a line answered, thinks, and connects again. Arguments: the seed,
// and settings as JSON. Tells its parent what has come of each connection.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { daemonOf } from '../lib/daemon.js'
import { randomOf } from '../lib/random.js'
import { now } from './journal.cjs'

const [seed, text] = process.argv.slice(2)
const { facade, target, until, longestIdle, longestThought } = JSON.parse(text)
const { Daemon } = await import(facade)
const random = randomOf(Number(seed))

const told = (message) => new Promise((resolve) => process.send(message, resolve))
const plain = ({ code, name, reason, pid, exitSignal, message }) => ({
  code,
  name,
  reason,
  pid,
  exitSignal,
  message,
})

/** The answer to a line; undefined when the connection ends without one. */
async function answerTo(line, socket) {
  const lines = createInterface({ input: socket })
  lines.on('error', () => {})
  const answer = new Promise((resolve) => {
    lines.once('line', resolve).once('close', () => resolve(undefined))
    socket.once('error', () => resolve(undefined))
  })
  socket.write(`${line}\n`)
  const heard = await answer
  socket.end()
  socket.resume()
  if (!socket.closed) await once(socket, 'close').catch(() => {})
  return heard
}

for (let number = 1; now() < until; number++) {
  await delay(random.int(longestThought + 1))
  const daemon = daemonOf(Daemon, { ...target, idleTimeout: random.int(longestIdle + 1) })
  const begun = now()
  try {
    const socket = await daemon.connect()
    const connected = now()
    const line = `${process.pid} ${number}`
    const heard = await answerTo(line, socket)
    const [pid, version, ...rest] = heard?.split(' ') ?? []
    const isAnswer = Number(pid) === socket.daemon.pid && rest.join(' ') === line
    await told({ begun, connected, ended: now(), pid: socket.daemon.pid, version, heard, isAnswer })
  } catch (error) {
    await told({ begun, error: plain(error), connected: now() })
  }
}
process.disconnect()
