/**
 * The race storm: many processes use the same few daemons at random, and die. What each of them was told is compared
 * with what the daemons themselves have recorded.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isDead, kill, marked, until } from '../scripts/lib/processes.js'
import { root } from '../scripts/lib/run.js'
import { Bystanders } from './lib/bystanders.js'
import { targetIn } from './lib/daemon.js'
import { judgeStorm } from './lib/oracle.js'

const ACTORS = 16
const TARGETS = 8

/** How long an actor may take to end when the time is up, in milliseconds: longer than any verb of the storm. */
const HANG = 60_000

const now = () => Number(process.hrtime.bigint()) / 1e6
const here = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Keeps so many actors alive until the time is up, and gives all that they have told. */
async function actors({ random, facade, targets, only, until }) {
  const told = []
  const one = async () => {
    while (now() < until) {
      const settings = JSON.stringify({ facade, targets, only, until })
      const child = spawn(process.execPath, [here('programs/actor.mjs'), String(random.seed()), settings], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      child.on('message', (message) => told.push({ actor: child.pid, ...message }))
      const late = setTimeout(
        () => {
          told.push({ actor: child.pid, crashed: 'it hangs' })
          child.kill('SIGKILL')
        },
        until - now() + HANG,
      )
      const [code, signal] = await new Promise((resolve) => {
        child.once('close', (...how) => resolve(how))
      })
      clearTimeout(late)
      if (code !== 0 && signal !== 'SIGKILL') told.push({ actor: child.pid, crashed: `${code ?? signal}` })
    }
  }
  await Promise.all(Array.from({ length: ACTORS }, one))
  return told
}

/** Stops what still runs, so that the last records are complete. */
async function stopAll(facade, targets, fail) {
  const { Daemon } = await import(facade)
  for (const { pidFile } of targets) {
    try {
      await new Daemon({ pidFile }).stop()
    } catch (error) {
      fail(`the last stop of ${pidFile}: ${error.message}`)
    }
  }
}

/**
 * @param context of the part; also `spread`, the number of pidfiles, and `only`, the operations, where not all
 * @param facade the address of the facade to try: that of a build with a broken rule, too
 */
export async function runStorm(context, facade = pathToFileURL(join(root, 'dist/index.js')).href) {
  const { folder, seconds, random, count, note, fail, name = 'storm', only, spread = TARGETS } = context
  const targets = Array.from({ length: spread }, (_, index) => targetIn(folder, `${name}-${index}`))
  const bystanders = new Bystanders(4)
  const told = await actors({ random, facade, targets, only, until: now() + seconds * 1000 })
  // A start whose launcher has died ends its daemon, or has it serve.
  await delay(500)
  await stopAll(facade, targets, fail)
  const left = () => marked(folder).filter((pid) => !bystanders.pids.includes(pid))
  // Of a broken rule a second instance lives on, which the oracle tells.
  await until(() => left().length === 0, 'the end of all daemons', 5_000).catch(() => {})
  bystanders.judge(fail)
  const operations = judgeStorm({ told, targets, isDead, fail })
  for (const [operation, outcomes] of Object.entries(operations)) {
    const all = Object.values(outcomes).reduce((sum, one) => sum + one, 0)
    count('operations', all)
    note({ operation, all, ...outcomes })
  }
  bystanders.end(kill)
  return operations
}

export const storm = {
  name: 'storm',
  summary: `${ACTORS} processes use the same ${TARGETS} daemons at random`,
  columns: 'A column is an outcome: done, aborted by the caller, or the code of the error.',
  fails:
    'two bodies at once, a stop that returns while its body lives, a start without a body, a status that is not ' +
    'true, an error that the verb may not have then, a lost, doubled or torn line, a signal to a bystander',
  async run(context) {
    const operations = await runStorm(context)
    if (!(operations.start?.done > 0)) context.fail('no start has succeeded')
  },
}
