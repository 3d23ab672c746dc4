/** Clients of HTTP. */

import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { atRate, inTurn } from './pace.mjs'
import { TLS } from './tls.mjs'

const POSTED = Buffer.alloc(20_000, 'x')
const LARGE = 2_000_000
const LAST = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

const connect = ({ isTls, at }) => (isTls ? tls.connect({ ...at, ...TLS }) : net.connect(at))

/** Gives what a connection says until its end. `begin` is called when it is there. */
function whole(socket, begin) {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.once('connect', begin).once('error', reject)
    socket.setEncoding('latin1').on('data', (more) => {
      text += more
    })
    socket.once('close', () => {
      const [head, body] = text.split('\r\n\r\n')
      if (!head.startsWith('HTTP/1.1 200')) reject(new Error(text === '' ? 'no answer' : head.slice(0, 20)))
      else resolve(/^\d+/.exec(body.replace(/^[0-9a-f]+\r\n/, ''))?.[0])
    })
  })
}

/** New connections at a rate, with one request each. */
export const fresh = (load, one) =>
  atRate(load, () =>
    one(() => {
      const socket = connect(load)
      return whole(socket, () => socket.write(LAST))
    }),
  )

/** Clients that connect, and take their time before they ask. */
export const lazy = (load, one) =>
  inTurn(load, 4, 20, () =>
    one(() => {
      const socket = connect(load)
      return whole(socket, () => setTimeout(() => socket.write(LAST), Math.random() * 50))
    }),
  )

const isPid = (text) => /^\d+$/.test(text)

/** Asks by one of the agent's connections; rejects unless the answer is the one that is due. Gives a PID. */
function ask(load, agent, { path = '/', payload, isDue }) {
  return new Promise((resolve, reject) => {
    const method = payload === undefined ? 'GET' : 'POST'
    const headers =
      payload === undefined ? {} : { 'content-type': 'text/x', 'content-length': payload.length }
    const where = load.path === undefined ? load.at : { socketPath: load.path }
    const options = { ...where, path, method, headers, agent, ...(load.isTls ? TLS : {}) }
    const asking = (load.isTls ? https : http).request(options, (response) => {
      let text = ''
      response.setEncoding('latin1').on('data', (more) => {
        text += more
      })
      response.once('error', reject).once('end', () => {
        if (response.statusCode === 200 && isDue(text)) resolve(isDue === isPid ? text : undefined)
        else reject(new Error(`${response.statusCode} ${text.slice(0, 20)} (${text.length})`))
      })
    })
    asking.once('error', (error) => {
      reject(Object.assign(error, asking.reusedSocket ? { code: `${error.code} of a kept one` } : {}))
    })
    asking.end(payload)
  })
}

/** A kind of clients that keep their connections, and ask again after a pause. */
const keeping = (count, pause, request) => async (load, one) => {
  const { Agent } = load.isTls ? https : http
  const agent = new Agent({ keepAlive: true, maxSockets: count, scheduling: 'fifo' })
  await inTurn(load, count, pause, () => one(() => ask(load, agent, request)))
  agent.destroy()
}

export const kept = keeping(10, 60, { isDue: isPid })
export const post = keeping(3, 60, { payload: POSTED, isDue: (text) => text === String(POSTED.length) })
export const slow = keeping(3, 60, { path: '/?ms=80', isDue: isPid })
export const large = keeping(2, 90, { path: `/?size=${LARGE}`, isDue: (text) => text.length === LARGE })
