/** A storm sees each broken rule: in the build for tests one rule after the other is broken. */

import { killAll, marked } from '../scripts/lib/processes.js'
import { seamsFacade } from './lib/build.js'
import { runOnDemand } from './on-demand.js'
import { runStorm } from './storm.js'

/** The rules that a process breaks by DAIMON_BROKEN: what each says, and what the storm must say then. */
const RULES = {
  exclusive: ['the lock is exclusive', /two bodies at once|it has returned while \d+ lives/],
  'stop-early': ['a stop waits for the end', /it has returned while \d+ lives/],
  'ready-early': ['a start waits until the daemon is ready', /\d+ has not begun/],
  'text-alone': ['a PID in a file proves nothing', /^status .*\d+ did not run at that time/],
}

/** Those of daemons on demand. */
const RULES_ON_DEMAND = {
  'no-hello': [
    'a connection is accepted when the hello has come',
    /was accepted, and ended without an answer/,
  ],
  'no-inode': ['a daemon unlinks its own socket alone', /has removed a socket that is not its own/],
  'no-shutdown': [
    'nobody waits at the socket of one that leaves',
    /connect has failed after \d+ ms: ERR_DAEMON_(?:READY_TIMEOUT|UNVERIFIED)/,
  ],
}

/** The longest time for one rule, in seconds. */
const WITHIN = 60
/** Storms are short, so that a broken rule is seen as soon as it can be. */
const STORM = 8
/** How long a step of the package takes, in milliseconds at most: so that races happen. */
const JITTER = '20'
/** All of them at few pidfiles, because what is broken lies between two operations. */
const DENSE = { spread: 2, only: ['start', 'start', 'stop', 'status', 'crash'] }

/** Nobody is killed or stopped, and daemons leave children that keep the socket open for longer than clients wait. */
const CALM = { calm: true, kept: 30_000, readyTimeout: 6_000 }

/** Each storm, and the rules that it must see broken. */
const STORMS = [
  { rules: RULES, storm: (context, facade) => runStorm({ ...context, ...DENSE }, facade) },
  { rules: RULES_ON_DEMAND, storm: (context, facade) => runOnDemand({ ...context, ...CALM }, facade) },
]

async function breakRule({ rule, means, expected, storm: runOne }, context, facade) {
  const begun = performance.now()
  const seconds = () => Math.round((performance.now() - begun) / 1000)
  let seen
  const count = (_, more) => context.count('operations', more)
  const fail = (text) => {
    if (expected.test(text)) seen ??= text
  }
  process.env.DAIMON_BROKEN = rule
  process.env.DAIMON_JITTER = JITTER
  try {
    for (let storm = 0; seen === undefined && seconds() < WITHIN; storm++) {
      const name = `${rule}-${storm}`
      await runOne({ ...context, note() {}, fail, count, seconds: STORM, name }, facade)
      // A second instance lives on.
      killAll(() => marked(context.folder))
    }
  } finally {
    delete process.env.DAIMON_BROKEN
    delete process.env.DAIMON_JITTER
  }
  if (seen === undefined) context.fail(`${rule}: no storm has seen it in ${seconds()} s`)
  context.note({ rule: means, broken: rule, 'seen after': `${seconds()} s`, by: (seen ?? '').slice(0, 120) })
}

/** The same storm with nothing broken: what it says of a broken rule it must not say then. */
async function withoutBroken({ rules, storm }, context, facade) {
  process.env.DAIMON_JITTER = JITTER
  const fail = (text) => {
    if (Object.values(rules).some(([, expected]) => expected.test(text)))
      context.fail(`nothing broken: ${text}`)
  }
  const count = (_, more) => context.count('operations', more)
  try {
    await storm({ ...context, note() {}, fail, count, seconds: STORM, name: 'nothing' }, facade)
  } finally {
    delete process.env.DAIMON_JITTER
  }
}

async function run(context) {
  const facade = await seamsFacade()
  for (const one of STORMS) {
    await withoutBroken(one, context, facade)
    // A child that keeps a socket lives on.
    killAll(() => marked(context.folder))
    for (const [rule, [means, expected]] of Object.entries(one.rules)) {
      await breakRule({ rule, means, expected, storm: one.storm }, context, facade)
    }
  }
}

export const mutants = {
  name: 'mutants',
  summary: 'each broken rule is seen by a storm within a minute',
  columns: 'A row is a rule of the package, which DAIMON_BROKEN breaks, and what a storm said of it.',
  fails: 'a broken rule that no storm sees, or the same complaint with nothing broken',
  run,
}
