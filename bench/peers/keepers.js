/** Measures what keeps a server running: its memory, upgrades, respawns, new connections, and how even they are. */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { kill } from '../../scripts/lib/processes.js'
import { loadOf } from '../../torture/lib/load.js'
import { BOUNDS } from '../bounds.js'
import { freePort, median, timed, untilAccepts } from '../measure.js'
import { installed } from './install.js'
import { keepersIn } from './kept.js'
import { markdown, number } from './table.js'

const HAMMER = fileURLToPath(new URL('../hammer.mjs', import.meta.url))

/** Upgrades of a round, and the new connections a second of its clients. */
const UPGRADES = 5
const RATE = 300
/** A round of new connections: so long, with so many clients at a time. */
const SECONDS = 2
const MANY = 50
const INSTANCES = 2
/** For evenness: more bodies than processors. */
const SPREAD = 4
/** Low load: one client that asks after each such pause, in milliseconds. */
const PAUSE = 4
/** The clock tick of /proc, in milliseconds. */
const TICK = 10
/** Until a process that has just begun has its memory. */
const SETTLED = 500

/** The proportional share of the memory, in MB. */
const pssOf = (pid) =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))[1]) / 1024

/** The processor time that a process has taken, in milliseconds. */
function cpuOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK
}

async function hammer(settings) {
  const { stdout } = await promisify(execFile)(process.execPath, [HAMMER, JSON.stringify(settings)])
  return JSON.parse(stdout)
}

/** Starts, measures, stops. */
async function during(keeper, instances, measure) {
  const port = await freePort()
  await keeper.start(port, instances)
  try {
    await untilAccepts(port)
    await delay(SETTLED)
    return await measure(port)
  } finally {
    await keeper.stop()
  }
}

const upgrades = (keeper) =>
  during(keeper, INSTANCES, async (port) => {
    const load = await loadOf({ port, kinds: ['fresh', 'kept', 'slow', 'lazy'], rate: RATE })
    const times = []
    for (let made = 0; made < UPGRADES; made++) times.push(await timed(() => keeper.upgrade()))
    const { answers, errors, hangs } = await load.stop()
    const failed = Object.values(errors).reduce((sum, one) => sum + one, 0)
    return { upgrade: median(times), 'upgrade.failed': failed + Number(hangs), 'upgrade.answers': answers }
  })

const memory = (keeper) => during(keeper, 1, async () => ({ memory: pssOf(keeper.resident) }))

/** From the kill of the only body until a new connection is answered. */
const respawn = (keeper) =>
  during(keeper, 1, async (port) => {
    const [body] = keeper.bodies()
    const time = await timed(async () => {
      kill(body)
      while (!(await isAnswered(port)));
    })
    return { respawn: time }
  })

/** What cluster has handed to a worker that is dead has no end. */
const PATIENCE = 1_000

async function isAnswered(port) {
  try {
    const signal = AbortSignal.timeout(PATIENCE)
    return (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' }, signal })).ok
  } catch {
    return false
  }
}

const connections = (keeper) =>
  during(keeper, INSTANCES, async (port) => {
    const all = () => [keeper.resident, ...keeper.bodies()]
    const cpu = () => all().reduce((sum, pid) => sum + cpuOf(pid), 0)
    const before = cpu()
    const { answers } = await hammer({ port, clients: MANY, seconds: SECONDS })
    return { connections: answers / SECONDS, cpu: ((cpu() - before) * 1000) / answers }
  })

/** The share of the body with the most connections, and of that with the least. */
async function shares(keeper, port, settings) {
  const bodies = keeper.bodies()
  const { answers, by } = await hammer({ port, seconds: SECONDS, ...settings })
  const parts = bodies.map((pid) => (100 * (by[pid] ?? 0)) / answers)
  return [Math.max(...parts), Math.min(...parts)]
}

const evenness = (keeper) =>
  during(keeper, SPREAD, async (port) => {
    const [mostLow, leastLow] = await shares(keeper, port, { clients: 1, pause: PAUSE })
    const [mostHigh, leastHigh] = await shares(keeper, port, { clients: MANY })
    return { 'low.most': mostLow, 'low.least': leastLow, 'high.most': mostHigh, 'high.least': leastHigh }
  })

const FIGURES = [
  ['memory', 'memory of the resident process (PSS), MB', 'MB'],
  ['upgrade', `an upgrade of ${INSTANCES} instances under load, ms`, 'ms'],
  ['upgrade.failed', 'requests that failed, all upgrades', ''],
  ['upgrade.answers', 'requests that were answered meanwhile', ''],
  ['respawn', 'from the kill of the only body until a request is answered, ms', 'ms'],
  ['connections', `new connections a second, ${INSTANCES} instances`, 'ms'],
  ['cpu', 'processor time of all its processes for one of them, µs', 'ms'],
  ['low.most', `one client, ${SPREAD} instances: share of the busiest, %`, 'ms'],
  ['low.least', 'share of the idlest, %', 'ms'],
  ['high.most', `${MANY} clients, ${SPREAD} instances: share of the busiest, %`, 'ms'],
  ['high.least', 'share of the idlest, %', 'ms'],
]
const SUMS = ['upgrade.failed', 'upgrade.answers']

/** What the project promises of its keeper. */
function bounds({ daimon, cluster }) {
  return [
    ['requests that failed in upgrades', daimon['upgrade.failed'], '≤', BOUNDS.upgradeFailures],
    ['memory of the keeper, MB', daimon.memory, '≤', BOUNDS.keeperMemory],
    ['new connections ÷ cluster', daimon.connections / cluster.connections, '≥', BOUNDS.newConnections],
    ['processor time ÷ cluster', daimon.cpu / cluster.cpu, '≤', BOUNDS.connectionCpu],
  ].map(([what, value, sign, bound]) => {
    const isMet = sign === '≤' ? value <= bound : value >= bound
    return [what, number(value, 'ms'), `${sign} ${bound}`, isMet ? 'met' : '**not met**']
  })
}

/**
 * Measures in turn, round by round. Gives the samples and the page.
 *
 * @param folder for the files of all; pm2 is installed elsewhere
 */
export async function compareKeepers({ rounds, folder }) {
  const keepers = keepersIn(folder, installed({ npm: 'pm2' }).folder)
  const samples = Object.fromEntries(keepers.map(({ name }) => [name, {}]))
  const take = async (measure, keeper) => {
    for (const [key, value] of Object.entries(await measure(keeper))) {
      samples[keeper.name][key] ??= []
      samples[keeper.name][key].push(value)
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const measure of [memory, upgrades, respawn, connections, evenness]) {
      for (const keeper of keepers) {
        // By hand there is no upgrade.
        if (measure !== upgrades || keeper.upgrade !== undefined) await take(measure, keeper)
      }
    }
  }
  for (const keeper of keepers) await keeper.close()
  const of = (name, key) => {
    const all = samples[name][key]
    return all && (SUMS.includes(key) ? all.reduce((sum, one) => sum + one, 0) : median(all))
  }
  const names = keepers.map(({ name }) => name)
  const figures = Object.fromEntries(
    names.map((name) => [name, Object.fromEntries(FIGURES.map(([key]) => [key, of(name, key)]))]),
  )
  const rows = FIGURES.map(([key, label, unit]) => [
    label,
    ...names.map((name) => (figures[name][key] === undefined ? '–' : number(figures[name][key], unit))),
  ])
  const text = `## What keeps a server running

Medians of ${rounds} rounds in turn; ${UPGRADES} upgrades a round, with ${RATE} new connections a second beside others.

${markdown(['', ...names], rows)}

${markdown(['bound', 'value', '', ''], bounds(figures))}
`
  return { samples, figures, text }
}
