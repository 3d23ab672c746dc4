/** Measures hundreds of daemons: the status of all against that of one, the stop of all against signals by hand. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { atEnd } from '../scripts/lib/at-end.js'
import { isDead, kill, killAll, MARK, marked } from '../scripts/lib/processes.js'
import { daimon, nameOf, startAll } from './fleet.js'
import { median, timed } from './measure.js'
import { Idle } from './peers/lab.js'
import { markdown, number } from './peers/table.js'

/** The most rounds of stops, each of which starts all daemons anew. */
const STOP_ROUNDS = 3

/** Sends SIGTERM to all, and looks every millisecond until all are gone. */
async function stopByHand(pids) {
  for (const pid of pids) kill(pid, 'SIGTERM')
  while (!pids.every(isDead)) await delay(1)
}

/** Measures the commands in turn, then the stops in turn. */
async function measure(count, rounds, idle) {
  const times = { list: [], status: [], stopAll: [], byHand: [] }
  const note = async (series, work) => {
    await idle.wait()
    times[series].push(await timed(work))
  }
  await startAll(count)
  for (let round = 0; round < rounds; round++) {
    await note('list', () => daimon('list'))
    await note('status', () => daimon('status', nameOf(0)))
  }
  await daimon('stop', '--all')
  for (let round = 0; round < Math.min(rounds, STOP_ROUNDS); round++) {
    await startAll(count)
    await note('stopAll', () => daimon('stop', '--all'))
    const pids = await startAll(count)
    await note('byHand', () => stopByHand(pids))
  }
  return times
}

function write({ count, rounds, idle, times, out }) {
  const [list, status, stopAll, byHand] = ['list', 'status', 'stopAll', 'byHand'].map((key) =>
    median(times[key]),
  )
  const rows = [
    ['`daimon list` − `daimon status` of one, ms', number(list - status, 'ms'), [list, status]],
    ['`daimon stop --all` ÷ signal and wait by hand', number(stopAll / byHand, 'ratio'), [stopAll, byHand]],
  ].map(([what, value, both]) => [what, value, both.map((time) => `${number(time, 'ms')} ms`).join(' : ')])
  const text = `# ${count} daemons

Node.js ${process.version}, ${process.platform}-${process.arch}. Medians of ${rounds} rounds in turn, of the stops of \
${Math.min(rounds, STOP_ROUNDS)}. ${idle.inVain} of ${idle.waits} waits for an idle machine were in vain.

${markdown(['', 'value', 'medians'], rows)}
`
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'scale.md'), text)
  console.log(text)
}

/** @param options daemons, rounds, idle (ms), out (a folder) */
export async function scale({ daemons: count, rounds, idle: most, out }) {
  if (process.platform !== 'linux') throw new Error('--scale needs /proc: Linux')
  const folder = mkdtempSync(join(tmpdir(), 'daimon-scale-'))
  process.env.DAIMON_HOME = folder
  process.env[MARK] = folder
  const tidy = atEnd(() => {
    killAll(() => marked(folder))
    rmSync(folder, { recursive: true, force: true })
  })
  const idle = new Idle(most)
  const times = await measure(count, rounds, idle)
  write({ count, rounds, idle, times, out })
  tidy()
}
