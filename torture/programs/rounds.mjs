// Starts and stops daemons again and again, until its parent says that it is enough. After each batch, when all is
// quiet, it tells what it has: descriptors, threads, children, files, memory. Run with --expose-gc. Arguments:
// the seed, and settings as JSON.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { privateMemory } from '../../scripts/lib/processes.js'
import { program } from '../lib/programs.js'
import { randomOf } from '../lib/random.js'

const [seed, text] = process.argv.slice(2)
const { facade, folder, lanes, rounds } = JSON.parse(text)
const { Daemon } = await import(facade)
const random = randomOf(Number(seed))

const daemonOf = (lane, more) =>
  new Daemon({
    pidFile: join(folder, `${lane}.pid`),
    script: program('idle.cjs'),
    cwd: '/',
    stopTimeout: 5_000,
    ...more,
  })

async function fails(promise, code) {
  const error = await promise.then(
    () => new Error('it has succeeded'),
    (error) => error,
  )
  if (error.code !== code && error.message !== 'enough') throw error
}

/** One of each kind; the first is what most rounds are. */
const KINDS = [
  async (lane) => {
    const daemon = daemonOf(lane)
    await daemon.start()
    await daemon.stop()
  },
  async (lane) => {
    const daemon = daemonOf(lane)
    await daemon.start()
    await fails(daemon.start(), 'ERR_DAEMON_ALREADY_RUNNING')
    await daemon.stop()
  },
  (lane) => fails(daemonOf(lane, { script: program('throws.cjs') }).start(), 'ERR_DAEMON_START_FAILED'),
  (lane) => fails(daemonOf(lane, { execPath: join(folder, 'broken') }).start(), 'ERR_DAEMON_START_FAILED'),
  async (lane) => {
    const enough = new AbortController()
    const timer = setTimeout(() => enough.abort(new Error('enough')), random.int(80))
    const daemon = daemonOf(lane).with({ signal: enough.signal })
    await fails(daemon.start(), 'none')
      .catch((error) => {
        if (error.message !== 'it has succeeded') throw error
      })
      .finally(() => clearTimeout(timer))
    await daemonOf(lane).stop()
  },
]

const MB = 2 ** 20

const count = (path) => readdirSync(path).length

function children() {
  const tasks = readdirSync('/proc/self/task')
  return tasks.flatMap((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean)
    } catch {
      // The thread has ended since.
      return []
    }
  })
}

const now = () => ({
  descriptors: count('/proc/self/fd'),
  threads: count('/proc/self/task'),
  children: children().length,
  files: count(folder),
})

/** What there is when nothing changes any more. */
async function quiet() {
  for (let same = 0, last = '', tries = 0; same < 3 && tries < 100; tries++) {
    await delay(20)
    const next = JSON.stringify(now())
    same = next === last ? same + 1 : 0
    last = next
  }
  for (let times = 0; times < 3; times++) globalThis.gc()
  await delay(1)
  const { heapUsed, heapTotal } = process.memoryUsage()
  // How much of its heap V8 gives back, and when, is its own affair.
  const native = privateMemory(process.pid) - heapTotal / MB
  return { ...now(), heap: heapUsed / MB, native }
}

let isOver = false
process.once('message', () => {
  isOver = true
})
for (let done = 0; done < rounds && !isOver; ) {
  const lane = async (index) => {
    for (let round = 0; round < 4; round++) {
      await KINDS[round === 3 ? random.int(KINDS.length) : 0](index)
      done++
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)))
  const sample = await quiet()
  await new Promise((resolve) => process.send({ done, ...sample }, resolve))
}
process.disconnect()
