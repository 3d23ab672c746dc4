/** The peers, ready to be measured, their apps, and the wait for an idle machine. */

import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDead, kill, killAll, MARK, marked, until, untilDead } from '../../scripts/lib/processes.js'
import { freePort } from '../measure.js'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const STEP_MS = 60_000

/** Converts nanoseconds to milliseconds. */
export const ms = (nanoseconds) => Number(nanoseconds) / 1e6

function busyTime() {
  const times = cpus().map(({ times: { idle, ...busy } }) => [idle, ...Object.values(busy)])
  const total = times.flat().reduce((a, b) => a + b, 0)
  return { total, idle: times.reduce((sum, [idle]) => sum + idle, 0) }
}

/** Waits until less than a tenth of the processors' time is used, `most` ms at most. Counts the waits in vain. */
export class Idle {
  waits = 0
  inVain = 0

  constructor(most) {
    this.most = most
  }

  async wait() {
    if (this.most === 0) return
    this.waits++
    const deadline = performance.now() + this.most
    for (;;) {
      const before = busyTime()
      await delay(50)
      const after = busyTime()
      const busy = 1 - (after.idle - before.idle) / (after.total - before.total)
      if (busy < 0.1) return
      if (performance.now() > deadline) break
    }
    this.inVain++
  }
}

/** Rejects after a time limit, so that a peer that hangs does not hang the run. */
async function within(promise, what) {
  const limit = new AbortController()
  const late = delay(STEP_MS, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`${what}: not within ${STEP_MS / 1000} s`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    limit.abort()
  }
}

export class Peer {
  #agent
  #apps = 0
  /** The verbs of its API. */
  #verbs = []

  /** @param home the folder for all files of the peer */
  constructor(adapter, { folder, version }, home) {
    this.adapter = adapter
    this.name = adapter.name
    this.version = version
    this.place = { folder, home }
    this.home = home
    mkdirSync(home, { recursive: true })
    this.env = { ...process.env, ...adapter.env?.(this.place), [MARK]: home }
    this.output = join(home, 'output')
  }

  has(kind, verb) {
    if (kind === 'api') return this.#verbs.includes(verb)
    return this.adapter.commands?.[verb] !== undefined
  }

  /** Loads the peer into a launcher, which tells the verbs of its API. */
  async open() {
    if (this.adapter.api === undefined) return
    const log = openSync(this.output, 'a')
    this.#agent = fork(here('agent.js'), [this.name, JSON.stringify(this.place)], {
      env: this.env,
      serialization: 'advanced',
      stdio: ['ignore', log, log, 'ipc'],
    })
    const [verbs] = await within(once(this.#agent, 'message'), `${this.name}: loading`)
    this.#verbs = verbs
  }

  /** Gives a new app with a port of its own; 0 is any port. */
  async app(mode = 'plain', port = undefined) {
    const name = `app${this.#apps++}`
    const file = (ending) => join(this.home, `${name}.${ending}`)
    writeFileSync(file('record'), '')
    return {
      name,
      mode,
      port: port ?? (await freePort()),
      script: here('app.cjs'),
      record: file('record'),
      pidFile: file('pid'),
    }
  }

  /** Has the launcher carry out a verb. Gives `{ begin, end, stall?, error? }`. */
  async tell(told) {
    const answered = once(this.#agent, 'message')
    this.#agent.send(told)
    const [answer] = await within(answered, `${this.name}: ${told.verb}`)
    return answer
  }

  async api(verb, app, more = {}) {
    const answer = await this.tell({ verb, app, ...more })
    if (answer.error !== undefined) throw new Error(`${this.name}: ${verb}: ${answer.error}`)
    return answer
  }

  /** Runs a verb's command. Gives `{ begin, end, code, output }`. */
  async command(verb, app, { checked = true } = {}) {
    const [file, ...args] = this.adapter.commands[verb](this.place, app)
    const output = join(this.home, `${app.name}.${verb}.output`)
    const fd = openSync(output, 'w')
    const begin = process.hrtime.bigint()
    const child = spawn(file, args, { env: this.env, cwd: this.home, stdio: ['ignore', fd, fd] })
    const [code] = await within(once(child, 'exit'), `${this.name}: ${verb}`)
    const end = process.hrtime.bigint()
    const answer = { begin, end, code, output: readFileSync(output, 'utf8') }
    if (checked && code !== 0) throw new Error(`${this.name}: ${verb}: exit code ${code}: ${answer.output}`)
    return answer
  }

  /** The PIDs of its processes, except the launcher and the resident one. */
  processes() {
    const kept = [this.#agent?.pid, this.adapter.resident?.(this.place)]
    return marked(this.home).filter((pid) => !kept.includes(pid))
  }

  /** Stops the apps and kills everything of the peer except its launcher and its resident process. */
  async clean(...apps) {
    for (const app of apps) {
      // Stopped first, since a manager restarts a killed app. An app that does not run is no failure.
      if (this.has('api', 'stop')) await this.tell({ verb: 'stop', app })
      else if (this.has('command', 'stop')) await this.command('stop', app, { checked: false })
    }
    killAll(() => this.processes())
    for (const { pidFile } of apps)
      for (const ending of ['', '.lock']) rmSync(`${pidFile}${ending}`, { force: true })
  }

  async close() {
    if (this.#agent?.connected) this.#agent.disconnect()
    this.adapter.end?.(this.place, this.env)
    killAll(() => marked(this.home))
  }
}

/** The instances that the app has recorded: `{ pid, listening }`. */
export function instances(app) {
  const lines = readFileSync(app.record, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    const [pid, listening] = line.split(' ')
    return { pid: Number(pid), listening: BigInt(listening) }
  })
}

export const alive = (app) => instances(app).filter(({ pid }) => !isDead(pid))

/** Waits until the app has recorded `count` instances. Gives the last of these. */
export const listening = (app, count = 1) => until(() => instances(app)[count - 1], 'the app listens')

/** Ends an app of a peer that has no stop. */
export async function endByHand(pid) {
  kill(pid)
  await untilDead(pid)
}

/** The peers, settings and results of one run. */
export class Lab {
  #said = new Map()

  constructor({ peers, rounds, many, idle, samples }) {
    Object.assign(this, { peers, rounds, many, samples })
    this.idle = new Idle(idle)
  }

  peer(name) {
    return this.peers.find((peer) => peer.name === name)
  }

  /** Records a figure of a peer that has no samples. */
  say(name, what, value) {
    this.#said.set(JSON.stringify([name, what]), value)
  }

  said(name, what) {
    return this.#said.get(JSON.stringify([name, what]))
  }
}
