/** Clients of a server that sends back each line, with its PID. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { atRate, inTurn } from './pace.mjs'

/** Says one line, and hears it. */
async function say(socket, line) {
  socket.write(line)
  const [answer] = await once(socket, 'data')
  const [, pid, text] = /^(\d+) (.*)$/s.exec(answer) ?? []
  if (text !== line) throw new Error(`heard ${answer.slice(0, 20)}`)
  return pid
}

async function connected({ at }) {
  const socket = connect(at).setEncoding('latin1')
  await once(socket, 'connect')
  return socket
}

/** New connections at a rate, with one line each. */
export const lines = (load, one) =>
  atRate(load, () =>
    one(async () => {
      const socket = await connected(load)
      const pid = await say(socket, 'one line\n')
      socket.end()
      return pid
    }),
  )

/** Connections with a few lines and pauses; one process hears all of them. */
export const talks = (load, one) =>
  inTurn(load, 5, 20, () =>
    one(async () => {
      const socket = await connected(load)
      const pids = new Set()
      for (let line = 0; line < 4; line++) {
        pids.add(await say(socket, `line ${line}\n`))
        await delay(Math.random() * 40)
      }
      socket.end()
      if (pids.size !== 1) throw new Error('heard by several')
      return [...pids][0]
    }),
  )
