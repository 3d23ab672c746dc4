/** A process of a daemon with a keeper is killed or stopped at a step of the package. */

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { freePort } from '../../bench/measure.js'
import { allPids, isDead, kill, marked, until } from '../../scripts/lib/processes.js'
import { statOf } from '../../scripts/lib/stat.cjs'
import { daemonOf, targetIn } from '../lib/daemon.js'
import { bodiesOf, judgeDeath, KeeperWatch, keepersIn, problemsOfBodies, ROUND } from '../lib/keeper.js'
import { program } from '../lib/programs.js'
import { OF_KEEPER, stepsOf } from '../lib/steps.js'

/** The longest time for anything, in milliseconds. */
const WITHIN = 25_000

/** What the daemon does when its processes get to these steps. */
const PHASES = {
  start: /^(?:keeper\.(?:adopted|ordered|serving)|control\.bound|body\.|kept\.begun)/,
  respawn: /^(?:body\.|kept\.begun|adopt\.watched|respawn\.)/,
  upgrade: /^(?:body\.|kept\.|adopt\.watched|upgrade\.(?:begun|ready|switched|drained))/,
  abort: /^upgrade\.failed/,
  stop: /^(?:keeper\.(?:ending|ended)|control\.removed)/,
}

/** Each step in each phase that gets there. */
export function jobs() {
  const steps = stepsOf()
  const unmet = steps.filter(
    (step) => OF_KEEPER.test(step) && !Object.values(PHASES).some((one) => one.test(step)),
  )
  if (unmet.length > 0) throw new Error(`no phase of the part keeper gets to ${unmet}`)
  return Object.entries(PHASES).flatMap(([phase, pattern]) =>
    steps
      .filter((step) => pattern.test(step))
      .flatMap((step) => ['kill', 'stop'].map((action) => ({ step, phase, action }))),
  )
}

/** Begins what gets to the step, with the daemon running. */
const BEGIN = {
  respawn: async (daemon) => {
    const { bodies } = await daemon.status()
    // Twice: the second one waits.
    kill(bodies[0].pid)
    await until(() => isDead(bodies[0].pid), 'the end of a body')
    kill(bodies[1].pid)
  },
  upgrade: (daemon) => daemon.upgrade(),
  abort: async (daemon, keeper, folder) => {
    const before = bodiesOf(keeper, folder).length
    const abort = new AbortController()
    const upgrading = daemon.with({ signal: abort.signal }).upgrade()
    await until(() => bodiesOf(keeper, folder).length > before, 'a newcomer')
    abort.abort(new Error('had enough'))
    await upgrading
  },
  stop: (daemon) => daemon.stop(),
}

/** A connection that waits between two requests, for an upgrade to move it. */
function idleConnection(port) {
  const agent = new Agent({ keepAlive: true })
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', agent }, (response) => {
      response.resume().once('end', () => resolve(agent))
    })
  })
}

/** A start of the daemon by a process that has the orders. Gives what it prints, and its PID. */
function startBy(facade, target, folder, orders) {
  const settings = JSON.stringify({ facade, target })
  const victim = spawn(process.execPath, [program('victim.mjs'), 'start', settings], {
    env: { ...process.env, [ROUND]: folder, DAIMON_SEAM: orders },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  victim.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text
  })
  const over = new Promise((resolve) => victim.once('close', () => resolve(printed.trim())))
  return { pid: victim.pid, over }
}

const within = (look, what) => until(look, what, WITHIN)

function stoppedIn(folder) {
  return allPids().find((pid) => statOf(pid)?.state === 'T' && marked(folder, ROUND).includes(pid))
}

/** One process stands still: its counterpart is killed, and it goes on. */
async function killCounterpart({ folder, launcher, keeper, bodies, state }) {
  const stopped = await within(() => stoppedIn(folder) ?? state.isOver, 'a stopped process')
  // A stop sends SIGCONT after its signal, and may have continued the process before anybody has looked.
  if (stopped === true) return
  if (stopped === keeper) kill(bodies[0] ?? launcher)
  // The launcher at a step before it has made anybody has none.
  else if (keeper !== undefined) kill(keeper)
  kill(stopped, 'SIGCONT')
}

/** A stop and a start work, and nothing is left. */
async function recover({ daemon, target, folder, port, fail }) {
  await daemon.stop()
  const { pid } = await daemon.start()
  const status = await daemon.status()
  if (status.pid !== pid || status.bodies?.length !== 2) fail(`after a start: ${JSON.stringify(status)}`)
  const agent = await idleConnection(port)
  agent.destroy()
  await daemon.stop()
  await within(() => marked(folder, ROUND).length === 0, 'the end of all processes').catch(() => {
    fail(`processes are left: ${marked(folder, ROUND)}`)
  })
  const left = readdirSync(folder).filter((name) => name !== 'met' && !name.startsWith('records'))
  if (left.length > 0) fail(`files are left: ${left.join(' ')}`)
  for (const text of problemsOfBodies(target)) fail(text)
}

/** One round. */
export async function stepRound({ facade, folder, step, phase, action, fail }) {
  const { Daemon } = await import(facade)
  const port = await freePort()
  const target = { ...targetIn(folder, 'kept'), port, variables: { [ROUND]: folder } }
  const daemon = daemonOf(Daemon, target)
  const met = join(folder, 'met')
  const watch = new KeeperWatch(folder, fail)
  try {
    const isLater = phase !== 'start'
    // As long as the file is there nobody acts.
    if (isLater) writeFileSync(met, '')
    const start = startBy(facade, target, folder, `${step} ${action} ${met}`)
    if (isLater && (await start.over) !== 'done') throw new Error(`the start: ${await start.over}`)
    const agent = isLater ? await idleConnection(port) : undefined
    if (isLater) rmSync(met)
    const found = { keeper: keepersIn(folder)[0], bodies: [] }
    const pending = isLater ? BEGIN[phase](daemon, found.keeper, folder).catch(() => {}) : start.over
    const state = { isOver: false }
    pending.then(() => {
      state.isOver = true
    })
    await within(() => {
      found.keeper ??= keepersIn(folder)[0]
      // Those that it has had when it died.
      const bodies = found.keeper === undefined ? [] : bodiesOf(found.keeper, folder)
      if (bodies.length > 0) found.bodies = bodies
      return existsSync(met)
    }, 'the step')
    found.keeper ??= keepersIn(folder)[0]
    const { keeper, bodies } = found
    if (action === 'stop') await killCounterpart({ folder, launcher: start.pid, keeper, bodies, state })
    else await until(() => keeper === undefined || isDead(keeper), 'the kill', 30).catch(() => {})
    if (keeper !== undefined && isDead(keeper)) await judgeDeath({ daemon, bodies, fail, what: 'the keeper' })
    const late = new AbortController()
    await Promise.race([pending, hang(late.signal)])
    late.abort()
    agent?.destroy()
    await recover({ daemon, target, folder, port, fail })
  } finally {
    watch.end()
  }
}

function hang(signal) {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`what was begun has no end in ${WITHIN} ms`)), WITHIN)
    signal.addEventListener('abort', () => clearTimeout(timer))
  })
}
