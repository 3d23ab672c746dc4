// One of many that use the same daemons at random. Arguments: the seed, and the settings as JSON. It tells its parent
// of each operation, before and after.
import { setTimeout as delay } from 'node:timers/promises'
import { bornOf, isDead, isMarked, kill } from '../../scripts/lib/processes.js'
import { daemonOf } from '../lib/daemon.js'
import { randomOf } from '../lib/random.js'
import { isStranger, survivorsOf } from '../lib/witness.js'
import { journal, now } from './journal.cjs'

const [seed, text] = process.argv.slice(2)
const { facade, targets, until, only } = JSON.parse(text)
const { Daemon, DaemonError } = await import(facade)
const random = randomOf(Number(seed))

async function follow(daemon) {
  const enough = new AbortController()
  const timer = setTimeout(() => enough.abort(), random.int(150))
  let lines = 0
  try {
    for await (const _ of daemon.logs({ follow: true, lines: 5, signal: enough.signal })) lines++
  } catch (error) {
    if (!enough.signal.aborted) throw error
  } finally {
    clearTimeout(timer)
  }
  return { lines }
}

/** An abort at any time, as of a user who has had enough. */
async function aborted(daemon, verb) {
  const enough = new AbortController()
  const timer = setTimeout(() => enough.abort(new Error('had enough')), random.int(120))
  try {
    return await daemon.with({ signal: enough.signal })[verb]()
  } finally {
    clearTimeout(timer)
  }
}

/** The daemon dies, as by the kernel's hand. A PID that is not this run's may be anybody's, and is left alone. */
async function crash(daemon, { records }) {
  const { state, pid } = await daemon.status()
  if (state !== 'running' || !isMarked(pid, records, 'STORM_RECORDS')) return { state, pid }
  const born = bornOf(pid)
  kill(pid)
  while (bornOf(pid) === born && !isDead(pid)) await delay(1)
  journal(records, 'crashed', { pid, born })
  return { state }
}

/** The operations, as often as they stand here. */
const OPERATIONS = {
  start: [16, (daemon) => daemon.start()],
  startWaiting: [2, (daemon) => daemon.with({ lockTimeout: 300 }).start()],
  startAborted: [2, (daemon) => aborted(daemon, 'start')],
  stop: [3, (daemon) => daemon.stop()],
  stopHard: [1, (daemon) => daemon.stop({ stopTimeout: random.int(20) })],
  stopAborted: [1, (daemon) => aborted(daemon, 'stop')],
  restart: [3, (daemon) => daemon.restart()],
  reload: [5, (daemon) => daemon.reload()],
  signal: [5, (daemon) => daemon.signal('SIGUSR2')],
  status: [12, (daemon) => daemon.status()],
  follow: [3, follow],
  crash: [1, crash],
  exited: [2, (daemon) => daemon.exited({ signal: AbortSignal.timeout(random.int(100) + 1) })],
}
const NAMES = only ?? Object.entries(OPERATIONS).flatMap(([name, [weight]]) => Array(weight).fill(name))

const told = (message) => new Promise((resolve) => process.send(message, resolve))

for (let number = 0; now() < until; number++) {
  const target = random.int(targets.length)
  const operation = random.pick(NAMES)
  const launch = `${process.pid}-${bornOf(process.pid)}-${number}`
  const daemon = daemonOf(Daemon, { ...targets[target], variables: { STORM_LAUNCH: launch } })
  // Dies in the middle of it.
  if (random.int(40) === 0) setTimeout(() => process.kill(process.pid, 'SIGKILL'), random.int(150))
  const begun = now()
  await told({ target, operation, launch, begun })
  const outcome = await OPERATIONS[operation][1](daemon, targets[target]).then(
    (value) => ({ value }),
    (error) => ({
      error: {
        code: error?.code,
        name: error?.name,
        reason: error?.reason,
        exitCode: error?.exitCode,
        exitSignal: error?.exitSignal,
        message: String(error?.message),
        pid: error?.pid,
      },
      isTyped: error instanceof DaemonError,
    }),
  )
  const ended = now()
  const one = { target, operation, launch, begun, ended, ...outcome }
  const survivors = await survivorsOf(one, targets[target].records)
  await told({ ...one, survivors, isStranger: await isStranger(one) })
  await delay(random.int(30))
}
process.disconnect()
