/** Checks what is right: one instance, an error that the starter learns of, a stranger that lives. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isDead, kill } from '../../scripts/lib/processes.js'
import { alive } from './lab.js'
import { inTurn } from './turns.js'

const STARTS = 20
/** The number of races. The worst one counts. */
const RACES = 3
/** All starts have had their outcome when no process has come or gone for so long, ms. */
const QUIET = 1_500
const DEADLINE = 60_000

async function untilQuiet(peer, app) {
  const look = () => JSON.stringify([peer.processes(), readFileSync(app.record, 'utf8')])
  const deadline = performance.now() + DEADLINE
  let [last, since] = [look(), performance.now()]
  while (performance.now() - since < QUIET && performance.now() < deadline) {
    await delay(50)
    const now = look()
    if (now !== last) [last, since] = [now, performance.now()]
  }
}

/** Gives the number of instances that live after the starts. */
async function race(peer) {
  // Any port, so that a second instance does not fail by the port of the first one.
  const app = await peer.app('plain', 0)
  try {
    if (peer.has('command', 'start')) {
      const start = () => peer.command('start', app, { checked: false })
      await Promise.all(Array.from({ length: STARTS }, start))
    } else {
      await peer.tell({ verb: 'start', app, together: STARTS })
    }
    await untilQuiet(peer, app)
    return alive(app).length
  } finally {
    await peer.clean(app)
  }
}

async function instancesOf(peer) {
  const counts = []
  for (let races = 0; races < RACES; races++) counts.push(await race(peer))
  return Math.max(...counts)
}

const LEARNS = ['nothing', 'a failure', 'its error']

/** Gives the better one of API and command: what a start tells of an app that throws at once. */
async function learnt(peer) {
  const grade = (failed, text) => (failed ? (text.includes('the body of this daemon fails') ? 2 : 1) : 0)
  const grades = []
  for (const kind of ['api', 'command']) {
    if (!peer.has(kind, 'start')) continue
    const app = await peer.app('failing')
    try {
      if (kind === 'api') {
        const { error } = await peer.tell({ verb: 'start', app })
        grades.push(grade(error !== undefined, error ?? ''))
      } else {
        const { code, output } = await peer.command('start', app, { checked: false })
        grades.push(grade(code !== 0, output))
      }
    } finally {
      await peer.clean(app)
    }
  }
  return LEARNS[Math.max(...grades)]
}

/** Tells whether a program of Node.js lives through a stop if a stale pidfile has its PID. */
async function strangerLives(peer) {
  const app = await peer.app()
  const path = peer.adapter.stale(peer.place, app)
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
  try {
    await once(stranger, 'spawn')
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${stranger.pid}\n`)
    await peer.command('stop', app, { checked: false })
    return !isDead(stranger.pid)
  } finally {
    kill(stranger.pid)
    await peer.clean(app)
  }
}

export async function right(lab) {
  const { failures } = lab.samples
  const each = (what, peers, measure) =>
    inTurn(
      1,
      peers.map((peer) => ({
        name: peer.name,
        measure: async () => lab.say(peer.name, what, await measure(peer)),
      })),
      failures,
      what,
    )
  // Leaves out peers whose starts failed in the timings: a broken start would pass for one that tells of a failure.
  const isBroken = (name) => failures.some(({ peer, what }) => peer === name && what.startsWith('verbs by'))
  const working = lab.peers.filter(({ name }) => !isBroken(name))
  await each('instances', working, instancesOf)
  await each('learns', working, learnt)
  const withPidFile = working.filter((peer) => peer.adapter.stale && peer.has('command', 'stop'))
  await each('stranger', withPidFile, async (peer) => ((await strangerLives(peer)) ? 'lives' : 'is killed'))
}
