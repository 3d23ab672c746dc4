/** Daemons whose body is a program of any kind. */
import { connect } from 'node:net'
import { Daemon } from '../../dist/index.js'
import { content, fixture, until } from './index.js'

/** The server's file. */
export const SERVES = fixture('keeper/serves.py')

/** A server in Python with these arguments, and what it notes and logs. */
export function served(place, options = {}, args = {}) {
  const given = Object.entries({ note: place.file('note'), ...args })
  const daemon = new Daemon({
    name: 'served',
    pidFile: place.file('a.pid'),
    log: place.file('a.log'),
    program: 'python3',
    programArgs: [SERVES, ...given.map(([name, value]) => `${name}=${value}`)],
    stopTimeout: 5_000,
    ...options,
  })
  return {
    daemon,
    log: () => content(place.file('a.log')) ?? '',
    noted: () => (content(place.file('note')) ?? '').split('\n').filter(Boolean),
  }
}

/** What the server tells about itself; rejects with the system error. */
export function facts(where) {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(typeof where === 'number' ? { host: '127.0.0.1', port: where } : { path: where })
    socket.setEncoding('utf8').on('data', (more) => {
      text += more
    })
    socket.on('error', reject).on('end', () => {
      socket.end()
      // Nothing was said by one that was killed.
      if (text === '') reject(new Error('nothing was said'))
      else resolve(JSON.parse(text))
    })
  })
}

/** The same, once somebody listens there. */
export async function factsWhenUp(where) {
  let found
  await until(async () => {
    found = await facts(where).catch(() => undefined)
    return found !== undefined
  }, 'the server answers')
  return found
}

/** The PID of the only body. */
export async function bodyOf(daemon) {
  const { bodies = [] } = await daemon.status()
  return bodies.find(({ draining }) => !draining)?.pid
}
