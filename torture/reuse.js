/**
 * PIDs that are given away again: in a PID namespace of its own a stranger gets the PID of a pidfile's holder, before
 * a verb looks, or between its look and its signal. No stranger may get a signal, and a core that breaks the rules is
 * seen.
 */

import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root, run as runCommand } from '../scripts/lib/run.js'
import { Unavailable } from './lib/part.js'

const execute = promisify(execFile)

/** Rounds of a whole run, which takes half a minute; of a shorter one as many as it has time for. */
const ROUNDS = 10_000
const SECONDS = 12
/** Namespaces at the same time. */
const TOGETHER = 2
/** In so many of all rounds the PID changes hands at a step between look and signal. */
const FORCED = 0.15
/** The rules that are broken by DAIMON_BROKEN, each with the rounds in which that must be seen. */
const RULES = { 'second-look': 100, 'kill-by-pid': 100 }

async function build() {
  const args = ['build', '--profile', 'torture', '-p', 'daimon-torture', '--features', 'seams']
  const code = await runCommand('cargo', [...args, '--target-dir', 'target/seams/cargo', '--quiet'])
  if (code !== 0) throw new Error('the program that gives PIDs away cannot be built')
  return join(root, 'target/seams/cargo/torture/daimon-torture')
}

/** One run in a namespace of its own. Gives the program's report. */
async function giveAway(program, folder, { rounds, forced, broken = '' }) {
  const namespace = ['--pid', '--fork', '--mount-proc', '--kill-child']
  const args = [...namespace, program, join(folder, 'reuse.pid'), String(rounds), String(forced)]
  const { stdout } = await execute('unshare', args, { env: { ...process.env, DAIMON_BROKEN: broken } })
  return JSON.parse(stdout)
}

/** The rounds in several namespaces. Gives the sum of their reports. */
async function giveAllAway(program, folder, rounds) {
  const share = Math.ceil(rounds / TOGETHER)
  const one = (_, index) => {
    const own = join(folder, `namespace-${index}`)
    mkdirSync(own)
    return giveAway(program, own, { rounds: share, forced: Math.round(share * FORCED) })
  }
  const reports = await Promise.all(Array.from({ length: TOGETHER }, one))
  const sum = (of) => reports.reduce((all, report) => all + of(report), 0)
  const steps = Object.keys(reports[0].forced)
  return {
    forced: Object.fromEntries(steps.map((step) => [step, sum(({ forced }) => forced[step])])),
    missed: sum(({ missed }) => missed),
    hits: sum(({ hits }) => hits),
  }
}

async function run({ seconds, folder, note, count, fail }) {
  const works = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0
  if (process.geteuid() !== 0 || !works) throw new Unavailable('needs root and PID namespaces')
  const program = await build()
  const rounds = Math.round(ROUNDS * Math.min(1, seconds / SECONDS))
  const found = await giveAllAway(program, folder, rounds)
  const forced = Object.values(found.forced).reduce((all, one) => all + one, 0)
  count('operations', rounds)
  count('PIDs given away', rounds - found.missed)
  count('of them between look and signal', forced)
  note({
    rule: 'none broken',
    rounds,
    ...found.forced,
    missed: found.missed,
    'signals to strangers': found.hits,
  })
  if (found.hits > 0) fail(`${found.hits} strangers have got a signal`)
  if (found.missed > rounds / 100) fail(`in ${found.missed} of ${rounds} rounds nobody got the PID`)
  for (const [broken, few] of Object.entries(RULES)) {
    const seen = await giveAway(program, folder, { rounds: few, forced: few, broken })
    note({
      rule: `${broken}, broken`,
      rounds: few,
      ...seen.forced,
      missed: seen.missed,
      'signals to strangers': seen.hits,
    })
    if (seen.hits === 0) fail(`the broken rule ${broken} is not seen`)
  }
}

export const reuse = {
  name: 'reuse',
  summary: 'PIDs are given to strangers before a verb looks, and between look and signal',
  columns:
    'The first row is the package as it is. In the others a rule is broken, so that a stranger must be hit. A column ' +
    'with a dot is the step at which the PID changed hands; missed: nobody got it.',
  fails:
    'a signal to a stranger; none where a rule is broken; more than one round of a hundred that is missed',
  // Its processes are in namespaces that end with it.
  isCalm: true,
  run,
}
