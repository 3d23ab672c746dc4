/** Daemons with a keeper, and what they serve. */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { Daemon } from '../../dist/index.js'
import { body, control } from './foreground.js'
import { content, fixture, freePort, until } from './index.js'

/** A script that a keeper keeps, and what talks to it. */
export async function kept(place, options = {}, env = {}) {
  const port = await freePort()
  const { script = fixture('keeper/server.cjs'), ...rest } = options
  const daemon = new Daemon({
    name: 'kept',
    pidFile: place.file('a.pid'),
    log: place.file('a.log'),
    script,
    respawn: { delay: 20, limit: 5 },
    env: { PORT: String(port), ...env },
    stopTimeout: 5_000,
    ...rest,
  })
  return {
    daemon,
    port,
    get: (path = '/', agent) => get({ port, path, agent }),
    log: () => content(place.file('a.log')) ?? '',
    /** The log without what the keeper says of upgrades. */
    said: () => (content(place.file('a.log')) ?? '').replaceAll(/^daimon: the upgrade to .*\n/gm, ''),
  }
}

/** The text that a server answers with; rejects with the system error. */
export function get({ path = '/', port, socketPath, agent }) {
  const where = socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath }
  return new Promise((resolve, reject) => {
    const asking = request({ ...where, path, agent: agent ?? false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (more) => {
        text += more
      })
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    asking.on('error', reject).end()
  })
}

/** An agent that keeps one connection. */
export const keepAlive = () => new Agent({ keepAlive: true, maxSockets: 1 })

/** The PIDs of the bodies that serve, in the order of their instances. */
export async function serving(daemon) {
  const { bodies = [] } = await daemon.status()
  const present = bodies.filter(({ draining }) => !draining)
  return present.toSorted((one, other) => one.instance - other.instance).map(({ pid }) => pid)
}

/** The variables that a process was executed with. */
export const environment = (pid) => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')

/** A program whose `run` answers with its PID, at `PORT`. */
export const server = (place, options = 'respawn: true', run = '') =>
  body(
    place,
    `import { createServer } from 'node:http'
     const daemon = new Daemon({
       pidFile: 'a.pid',
       ${options},
       run(daemon, ...args) {
         console.log('begins', daemon.instance, daemon.detached, ...args, ...process.argv.slice(2))
         daemon.onStop(({ by, signal }) => console.log('stops', by, signal))
         ${run}
         return new Promise((resolve) => {
           const server = createServer((request, response) => {
             if (request.url === '/exit') process.exit(7)
             response.end(String(process.pid))
           })
           server.listen(Number(process.env.PORT), '127.0.0.1', resolve)
         })
       },
     })
     await daemon.foreground('given')
     console.log('settled')`,
  )

/** Starts a program in the foreground, and waits until it serves. */
export async function foreground(place, args, env = {}) {
  const port = await freePort()
  const program = place.spawn(args, { env: { PORT: String(port), ...env } })
  const ended = program.done.then((result) => {
    throw new Error(JSON.stringify(result))
  })
  const status = until(async () => {
    const status = await control(place).status()
    return status.state === 'running' && status.starting !== true && status
  }, 'the daemon')
  // A failure of the test itself.
  ended.catch(() => {})
  return {
    ...program,
    status: await Promise.race([status, ended]),
    port,
    get: (path = '/') => get({ port, path }),
  }
}
