/**
 * What keeps a server running, beside each other: daimon's keeper, pm2 (its cluster mode, which its reload without a
 * gap needs), and node:cluster by hand. All of them run the same unmodified server.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Daemon } from '../../dist/index.js'
import { allPids, isDead, kill, until } from '../../scripts/lib/processes.js'
import { statOf } from '../../scripts/lib/stat.cjs'

const SERVER = fileURLToPath(new URL('../../__test__/fixtures/keeper/http.cjs', import.meta.url))
const MASTER = fileURLToPath(new URL('programs/cluster.cjs', import.meta.url))

const childrenOf = (parent) => allPids().filter((pid) => statOf(pid)?.ppid === parent && !isDead(pid))

class ByDaimon {
  name = 'daimon'
  #daemon

  constructor(folder) {
    this.folder = folder
  }

  async start(port, instances) {
    const file = (ending) => join(this.folder, `kept.${ending}`)
    this.#daemon = new Daemon({
      pidFile: file('pid'),
      log: file('log'),
      script: SERVER,
      env: { PORT: String(port) },
      instances,
      respawn: true,
    })
    const { pid } = await this.#daemon.start()
    this.resident = pid
  }

  bodies = () => childrenOf(this.resident)
  upgrade = () => this.#daemon.upgrade()
  stop = () => this.#daemon.stop()
  close() {}
}

class ByPm2 {
  name = 'pm2'
  #call
  #god

  /** @param place the folder into which pm2 is installed */
  constructor(folder, place) {
    const home = join(folder, 'pm2')
    mkdirSync(home, { recursive: true })
    process.env.PM2_HOME = home
    const pm2 = createRequire(join(place, 'x.js'))('pm2')
    this.#call = (verb, ...args) => promisify(pm2[verb].bind(pm2))(...args)
    this.#god = () => Number(readFileSync(join(home, 'pm2.pid'), 'utf8'))
    this.disconnect = () => pm2.disconnect()
  }

  async start(port, instances) {
    await this.#call('connect')
    await this.#call('start', {
      name: 'kept',
      script: SERVER,
      env: { PORT: String(port) },
      exec_mode: 'cluster',
      instances,
      kill_timeout: 30_000,
    })
    this.resident = this.#god()
  }

  bodies = () => childrenOf(this.resident)
  upgrade = () => this.#call('reload', 'kept')
  stop = () => this.#call('delete', 'kept')

  async close() {
    await this.#call('killDaemon').catch(() => {})
    this.disconnect()
  }
}

class ByHand {
  name = 'cluster'
  #master

  async start(port, instances) {
    const env = { ...process.env, PORT: String(port), INSTANCES: String(instances) }
    this.#master = fork(MASTER, [SERVER], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.resident = this.#master.pid
  }

  bodies = () => childrenOf(this.resident)

  async stop() {
    const bodies = this.bodies()
    const over = once(this.#master, 'exit')
    this.#master.kill('SIGKILL')
    await over
    for (const pid of bodies) kill(pid)
    await until(() => bodies.every(isDead), 'the end of the workers')
  }

  close() {}
}

/** All three. */
export const keepersIn = (folder, pm2) => [new ByDaimon(folder), new ByPm2(folder, pm2), new ByHand()]
