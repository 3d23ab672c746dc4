/**
 * The race storm: many processes use the same few daemons at random, and die. What each of them was told is compared
 * with what the daemons themselves have recorded.
 */

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { bornOf, commandOf, isDead, kill, marked, until } from '../scripts/lib/processes.js'
import { Bystanders } from './lib/bystanders.js'
import { daemonOf, targetIn } from './lib/daemon.js'
import { entriesOf, keyOf } from './lib/lives.js'
import { judgeStorm } from './lib/oracle.js'
import { FACADE, program } from './lib/programs.js'
import { now } from './programs/journal.cjs'

const ACTORS = 16
const TARGETS = 8

/** How long an actor may take to end when the time is up, in milliseconds: longer than any verb of the storm. */
const HANG = 60_000

/** So small that a log is rotated about once a second, in bytes. */
const MAX_SIZE = 2_000

/** So many looks in a row must find the same: one may miss a process that is just made, or executed. */
const LOOKS = 3

/** Keeps so many actors alive until the time is up, and gives all that they have told. */
async function actors({ random, facade, targets, only, until }) {
  const told = []
  const one = async () => {
    while (now() < until) {
      const settings = JSON.stringify({ facade, targets, only, until })
      const child = spawn(process.execPath, [program('actor.mjs'), String(random.seed()), settings], {
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

/**
 * Waits until no launch is under way. A start whose launcher has died ends its daemon, or has it serve: each process
 * that is left is a daemon that has begun.
 */
async function launchesOver(left, targets) {
  let looks = 0
  const isOver = () => {
    const begun = new Set(targets.flatMap(begunIn))
    const isDaemon = (pid) => begun.has(keyOf({ pid, born: bornOf(pid) })) || isDead(pid)
    looks = left().every(isDaemon) ? looks + 1 : 0
    return looks === LOOKS
  }
  await until(isOver, 'the end of all launches')
}

const begunIn = ({ records }) =>
  entriesOf(records)
    .filter(({ what }) => what === 'begin')
    .map(keyOf)

/**
 * Stops what still runs, so that the last records are complete. A daemon that was killed has left its pidfile, which
 * the next start takes over: after a start and a stop there is none.
 */
async function stopAll(facade, targets, fail) {
  const { Daemon } = await import(facade)
  const stopOne = async (target) => {
    const daemon = daemonOf(Daemon, target)
    await daemon.stop()
    await daemon.start()
    await daemon.stop()
  }
  for (const target of targets)
    await stopOne(target).catch((error) => fail(`the last stop of ${target.pidFile}: ${error.message}`))
}

/** What is left when all is over: processes, and files other than the records. */
async function judgeLeft({ folder, fail }, left, before) {
  await until(() => left().length === 0, 'the end of all processes', 5_000).catch(() => {})
  for (const pid of left()) fail(`the process ${pid} is left: ${commandOf(pid)}`)
  const files = readdirSync(folder).filter((name) => !before.has(name))
  if (files.length > 0) fail(`files are left: ${files.join(' ')}`)
}

/**
 * @param context of the part; also `spread`, the number of pidfiles, and `only`, the operations, where not all
 * @param facade the address of the facade to try: that of a build with a broken rule, too
 */
export async function runStorm(context, facade = FACADE) {
  const { folder, seconds, random, count, note, fail, name = 'storm', only, spread = TARGETS } = context
  const targets = Array.from({ length: spread }, (_, index) => ({
    ...targetIn(folder, `${name}-${index}`),
    maxSize: MAX_SIZE,
  }))
  const before = new Set(readdirSync(folder))
  const bystanders = new Bystanders(4)
  const left = () => marked(folder).filter((pid) => !bystanders.pids.includes(pid))
  const told = await actors({ random, facade, targets, only, until: now() + seconds * 1000 })
  await launchesOver(left, targets).catch((error) => fail(error.message))
  const over = now()
  await stopAll(facade, targets, fail)
  await judgeLeft(context, left, before)
  bystanders.judge(fail)
  const operations = judgeStorm({ told, targets, isDead, fail, over })
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
    'two bodies at once, a stop that returns while its body lives, a start without a body, or that fails and leaves ' +
    'one, a status that is not true, an error that the verb may not have then, a daemon that nobody has ended, a ' +
    'lost, doubled or torn line, a signal to a bystander, a process or pidfile that is left',
  async run(context) {
    const operations = await runStorm(context)
    if (!(operations.start?.done > 0)) context.fail('no start has succeeded')
  },
}
