/** Scale: many daemons are started, listed and stopped at once, and one process waits for them ten thousand times. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { freemem } from 'node:os'
import { daimon, nameOf, startAll } from '../bench/fleet.js'
import { timed } from '../bench/measure.js'
import { isDead, until } from '../scripts/lib/processes.js'
import { Unavailable } from './lib/part.js'
import { FACADE, program } from './lib/programs.js'

const GB = 2 ** 30
const WAITS = 10_000

/** Stops all by the command, and judges that none is left. */
async function stopAll(pids, folder, fail) {
  await daimon('stop', '--all')
  const alive = pids.filter((pid) => !isDead(pid))
  if (alive.length > 0) fail(`${alive.length} live after the stop of all: ${alive.slice(0, 5)}`)
  const left = readdirSync(folder).filter((name) => name.endsWith('.pid'))
  if (left.length > 0) fail(`${left.length} pidfiles are left: ${left.slice(0, 5)}`)
}

async function judgeList(pids, fail) {
  const { stdout } = await daimon('list', '--json')
  const running = JSON.parse(stdout).filter(({ state }) => state === 'running')
  const listed = new Set(running.map(({ pid }) => pid))
  const missing = pids.filter((pid) => !listed.has(pid))
  if (missing.length > 0 || listed.size !== pids.length) {
    fail(`the list has ${listed.size} of ${pids.length} daemons, and not ${missing.slice(0, 5)}`)
  }
}

/** Ten thousand waits in one process, and the end of all that they wait for. */
async function waits({ pids, folder, note, count, fail }) {
  const names = pids.map((_, index) => nameOf(index))
  const child = spawn(process.execPath, [program('waits.mjs'), FACADE, String(WAITS), ...names], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const end = once(child, 'close')
  const [{ before, during, over }] = await Promise.race([
    once(child, 'message'),
    end.then(([code]) => [{ code }]),
  ])
  if (before === undefined) return fail('the process that waits has ended')
  if (over > 0) fail(`${over} waits were over before the end of their daemon`)
  const told = once(child, 'message')
  const stopped = await timed(() => stopAll(pids, folder, fail))
  const [{ after, over: resolved, failed, first }] = await Promise.race([
    told,
    end.then(() => [{ after: before, over: 0, failed: WAITS, first: 'it has ended' }]),
  ])
  await end
  count('waits', resolved)
  note({ what: `end of all, with ${WAITS} waits`, ms: Math.round(stopped) })
  for (const what of ['descriptors', 'threads']) {
    note({
      what: `${what} without, with and after the waits`,
      count: `${before[what]}, ${during[what]}, ${after[what]}`,
    })
  }
  if (resolved !== WAITS || failed > 0) fail(`${resolved} waits are over, ${failed} have failed: ${first}`)
  // One descriptor for a daemon, and those of the one thread that waits.
  if (during.descriptors > before.descriptors + pids.length + 16)
    fail(`${during.descriptors} descriptors for ${WAITS} waits`)
  // Those of the pool of libuv, and the one that waits.
  if (during.threads > before.threads + 5) fail(`${during.threads} threads for ${WAITS} waits`)
  if (after.descriptors > before.descriptors + 2) fail(`${after.descriptors} descriptors after the waits`)
}

async function runScale({ daemons, folder, note, count, fail }) {
  if (daemons > 100 && freemem() < 12 * GB) {
    throw new Unavailable(
      `${daemons} daemons need 12 GB of free memory; here are ${(freemem() / GB).toFixed(1)}`,
    )
  }
  const before = process.env.DAIMON_HOME
  process.env.DAIMON_HOME = folder
  try {
    await figures({ daemons, folder, note, count, fail })
  } finally {
    if (before === undefined) delete process.env.DAIMON_HOME
    else process.env.DAIMON_HOME = before
  }
}

async function figures({ daemons, folder, note, count, fail }) {
  let pids = []
  const start = async () => {
    pids = await startAll(daemons)
  }
  const figure = async (what, work) => note({ what, ms: Math.round(await timed(work)) })
  await figure(`start of ${daemons}`, start)
  if (new Set(pids).size !== daemons) fail(`${daemons} starts have ${new Set(pids).size} PIDs`)
  await until(() => pids.every((pid) => !isDead(pid)), 'all run', 1_000).catch((error) => fail(error.message))
  await figure('status of all (`daimon list`)', () => judgeList(pids, fail))
  await figure('stop of all (`daimon stop --all`)', () => stopAll(pids, folder, fail))
  await figure(`start of ${daemons} again`, start)
  count('operations', 4 * daemons)
  await waits({ pids, folder, note, count, fail })
}

export const scale = {
  name: 'scale',
  summary: 'many daemons at once, and ten thousand waits in one process',
  fails:
    'a daemon that is missing, listed wrongly or left, a wait that ends too early or never, too many descriptors',
  run: runScale,
}
