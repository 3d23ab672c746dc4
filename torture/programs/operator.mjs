// Calls verbs at random on pidfiles that others exchange, until its parent sends a message. Arguments: the seed, and
// settings as JSON. Tells its parent of each outcome.
import { program } from '../lib/programs.js'
import { randomOf } from '../lib/random.js'
import { within } from '../lib/within.js'

const [seed, text] = process.argv.slice(2)
const { facade, pidFiles, records } = JSON.parse(text)
const { Daemon, DaemonError, send } = await import(facade)
const random = randomOf(Number(seed))
const DEADLINE = 20_000

const daemonOf = (pidFile) =>
  new Daemon({
    pidFile,
    script: program('held.cjs'),
    scriptArgs: [records],
    cwd: '/',
    readyTimeout: 10_000,
    stopTimeout: 1_000,
  })

const OPERATIONS = {
  start: (pidFile) => daemonOf(pidFile).start(),
  stop: (pidFile) => daemonOf(pidFile).stop(),
  restart: (pidFile) => daemonOf(pidFile).restart(),
  reload: (pidFile) => daemonOf(pidFile).reload(),
  signal: (pidFile) => daemonOf(pidFile).signal('SIGUSR2'),
  send: (pidFile) => send(pidFile, 'SIGUSR2'),
  status: (pidFile) => daemonOf(pidFile).status(),
  exited: (pidFile) =>
    daemonOf(pidFile)
      .exited({ signal: AbortSignal.timeout(50) })
      .catch(timedOut),
}
// Starts and looks most of the time.
const NAMES = [...Object.keys(OPERATIONS), 'start', 'start', 'start', 'status', 'status', 'stop', 'signal']

function timedOut(error) {
  if (error.name !== 'TimeoutError') throw error
}

async function outcomeOf(operation, pidFile) {
  const work = OPERATIONS[operation](pidFile).then(
    (value) => ({ value: { pid: value?.pid, state: value?.state } }),
    (error) => ({
      isTyped: error instanceof DaemonError,
      error: { code: error?.code, reason: error?.reason, text: error?.stack ?? String(error) },
    }),
  )
  return await within(work, DEADLINE)
}

let isOver = false
process.once('message', () => {
  isOver = true
})
while (!isOver) {
  const operation = random.pick(NAMES)
  const pidFile = random.pick(pidFiles)
  const outcome = await outcomeOf(operation, pidFile)
  await new Promise((resolve) => process.send({ operation, pidFile, ...outcome }, resolve))
}
process.disconnect()
