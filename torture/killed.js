/**
 * Killed anywhere: at each named step of the package the process that gets there is killed, or stopped and continued;
 * and launchers and daemons are killed at random times. Afterwards a stop and a start work, and nothing is left.
 */

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { commandOf, isDead, kill, marked, until } from '../scripts/lib/processes.js'
import { statOf } from '../scripts/lib/stat.cjs'
import { seamsFacade } from './lib/build.js'
import { daemonOf, targetIn } from './lib/daemon.js'
import { problemsOfTarget } from './lib/oracle.js'
import { program } from './lib/programs.js'
import { OF_KEEPER, stepsOf } from './lib/steps.js'
import { endOf } from './lib/within.js'

/** Rounds at the same time. */
const TOGETHER = 3
/** The longest time for anything, in milliseconds. */
const WITHIN = 25_000

/**
 * How each step is met: the verb of the process that has the orders, and passes them on to the daemon that it starts,
 * and what is done when that daemon runs.
 */
const SCENARIOS = [
  { steps: /^(?:lock|launch|child|start|adopt|script|ready)\./, verb: 'start' },
  { steps: /^(?:socket\.(?:free|bound|listening|accepted)|client\.)/, verb: 'connect', isOnDemand: true },
  {
    steps: /^(?:socket\.(?:removed|shut)|leave\.)/,
    verb: 'connect',
    isOnDemand: true,
    next: (daemon) => daemon.stop({ stopTimeout: 8_000 }),
  },
  { steps: /^exit\./, verb: 'start', next: (daemon) => daemon.stop({ stopTimeout: 8_000 }) },
  { steps: /^(?:rotate|compress)\./, verb: 'start', options: { maxSize: 200, compress: true } },
  { steps: /^reopen\./, verb: 'start', next: (daemon) => daemon.reload() },
  { steps: /^(?:stop|holder|process)\./, verb: 'stop', startsBefore: true },
  { steps: /^foreground\./, verb: 'foreground' },
]

function scenarioOf(step) {
  const found = SCENARIOS.find(({ steps }) => steps.test(step))
  if (found === undefined) throw new Error(`no scenario of the torture gets to the step ${step}`)
  return found
}

const within = (look, what) => until(look, what, WITHIN)

/** The living processes of a round, by a variable that they inherit. */
const processesOf = (folder) => marked(folder, 'TORTURE_ROUND')

/** Runs the victim with the orders, and does what it needs to get to the step. Gives how to end it. */
async function untilMet({ step, action, scenario, target, facade, daemon, folder }) {
  const file = join(folder, 'met')
  const env = { ...process.env, TORTURE_ROUND: folder, DAIMON_SEAM: `${step} ${action} ${file}` }
  const settings = JSON.stringify({ facade, target })
  const victim = spawn(process.execPath, [program('victim.mjs'), scenario.verb, settings], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  victim.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text
  })
  const over = new Promise((resolve) => victim.once('close', resolve))
  const isMet = () => existsSync(file)
  await within(() => isMet() || printed !== '' || victim.exitCode !== null, `${step}: an answer`)
  const state = { isOver: false }
  const next = isMet() ? undefined : scenario.next?.(daemon)
  const pending = next
    ?.catch(() => {})
    .then(() => {
      state.isOver = true
    })
  await within(isMet, `${step}, after ${JSON.stringify(printed)}`)
  return { victim, over, pending, state }
}

/** The stopped processes of the round go on, when others have looked. */
async function continueAll({ daemon, folder, fail, step, state }) {
  const stopped = () => processesOf(folder).filter((pid) => statOf(pid)?.state === 'T')
  // A stop sends SIGCONT after its signal, and may have continued the process before anybody has looked.
  await within(() => stopped().length > 0 || state.isOver, `${step}: a stopped process`)
  await daemon.status().catch((error) => {
    if (!/^ERR_DAEMON_/.test(error.code)) fail(`${step}: status: ${error.stack}`)
  })
  for (const pid of stopped()) kill(pid, 'SIGCONT')
}

/** Starts a daemon on demand by a connection, which ends again. */
async function connected(daemon) {
  const socket = await daemon.connect()
  socket.on('error', () => {}).destroy()
  return socket.daemon
}

/** A stop and a start work, and nothing is left. */
async function recover({ daemon, target, folder, fail, what }) {
  try {
    await daemon.stop()
    const { pid } = await (target.facade === undefined ? daemon.start() : connected(daemon))
    const status = await daemon.status()
    if (status.pid !== pid) fail(`${what}: after a start ${pid} is told as ${status.state} ${status.pid}`)
    await daemon.stop()
  } catch (error) {
    fail(`${what}: the next stop, start and stop: ${error.code}: ${error.message}`)
  }
  await within(() => processesOf(folder).length === 0, 'the end of all processes').catch(() => {
    fail(`${what}: processes are left: ${processesOf(folder).join(' ')}`)
    for (const pid of processesOf(folder)) kill(pid)
  })
  const left = readdirSync(folder).filter((name) => name !== 'met' && !name.startsWith('records'))
  if (left.length > 0) fail(`${what}: files are left: ${left.join(' ')}`)
  for (const text of problemsOfTarget(target, isDead)) fail(`${what}: ${text}`)
}

/** One round: `action` at `step`. */
async function round({ facade, Daemon, folder, step, action, fail }) {
  const scenario = scenarioOf(step)
  mkdirSync(folder)
  const variables = { TORTURE_ROUND: folder }
  const onDemand = scenario.isOnDemand ? { facade } : {}
  const target = { ...targetIn(folder, 'victim'), ...scenario.options, ...onDemand, variables }
  const daemon = daemonOf(Daemon, target)
  const what = `${action} at ${step}`
  if (scenario.startsBefore) await daemon.start()
  const { victim, over, pending, state } = await untilMet({
    step,
    action,
    scenario,
    target,
    facade,
    daemon,
    folder,
  })
  if (action === 'stop') await continueAll({ daemon, folder, fail, step, state })
  if (scenario.verb === 'foreground') victim.kill('SIGKILL')
  await within(() => victim.exitCode !== null || victim.signalCode !== null, `${what}: the end of the victim`)
  await over
  await pending
  await recover({ daemon, target, folder, fail, what })
  rmSync(folder, { recursive: true, force: true })
}

/** What goes on at a random time; `inside` is a daemon that restarts itself, by a helper. */
const VERBS = ['start', 'start', 'restart', 'stop', 'inside', 'inside']

/** Begins the verb in a process of its own. Gives that process, and its end. */
function begin(verb, { facade, target, folder }) {
  const settings = JSON.stringify({ facade, target })
  const victim = spawn(process.execPath, [program('victim.mjs'), verb, settings], {
    env: { ...process.env, TORTURE_ROUND: folder },
    stdio: 'ignore',
  })
  return { victim, over: endOf(victim, WITHIN) }
}

const roleOf = (pid, launcher) => {
  if (pid === undefined) return 'nobody'
  return pid === launcher ? 'the launcher' : isHelper(pid) ? 'the helper' : 'the daemon'
}

const isHelper = (pid) => commandOf(pid).includes('restart-helper')

/** One of launcher, daemon and helper is killed at a random time. Gives which. */
async function randomRound({ facade, Daemon, folder, random, fail }) {
  mkdirSync(folder)
  const variables = { TORTURE_ROUND: folder, STORM_FACADE: facade }
  const target = { ...targetIn(folder, 'victim'), maxSize: 400, variables }
  const daemon = daemonOf(Daemon, target)
  const verb = random.pick(VERBS)
  if (verb !== 'start') await daemon.start()
  const begun = verb === 'inside' ? await daemon.signal('SIGUSR1') : begin(verb, { facade, target, folder })
  await delay(random.int(400))
  const all = processesOf(folder)
  const pid = all.length > 0 ? random.pick(all) : begun?.victim.pid
  const who = roleOf(pid, begun?.victim.pid)
  // The launcher's PID may be another's by now, which Node.js knows.
  if (pid !== undefined && pid === begun?.victim.pid) begun.victim.kill('SIGKILL')
  else if (pid !== undefined) kill(pid)
  const what = `a kill of ${pid} (${who}) at a random time of ${verb}`
  if ((await begun?.over) === 'hang') fail(`${what}: the launcher hangs`)
  await within(() => !processesOf(folder).some(isHelper), `${what}: the end of the helper`)
  await recover({ daemon, target, folder, fail, what })
  rmSync(folder, { recursive: true, force: true })
  return who
}

async function run({ seconds, folder, random, note, count, fail }) {
  const facade = await seamsFacade()
  const { Daemon } = await import(facade)
  const steps = stepsOf().filter((step) => !OF_KEEPER.test(step))
  const jobs = steps.flatMap((step) => ['kill', 'stop'].map((action) => ({ step, action })))
  const met = {}
  const end = performance.now() + seconds * 1000
  let number = 0
  const next = () => join(folder, `round-${number++}`)
  const worker = async () => {
    for (let job = jobs.shift(); job !== undefined || performance.now() < end; job = jobs.shift()) {
      const what = job === undefined ? 'a random time' : `${job.action} at ${job.step}`
      const common = { facade, Daemon, folder: next(), random, fail }
      try {
        if (job === undefined) count(`kills of ${await randomRound(common)} at a random time`)
        else await round({ ...common, ...job })
      } catch (error) {
        fail(`${what}: ${error.message}`)
      }
      const key = job?.step ?? 'at random times'
      met[key] ??= { kill: 0, stop: 0 }
      met[key][job?.action ?? 'kill']++
      count('operations', 5)
      count(job?.action === 'stop' ? 'stops' : 'kills')
    }
  }
  await Promise.all(Array.from({ length: TOGETHER }, worker))
  for (const [step, rounds] of Object.entries(met)) note({ step, ...rounds })
}

export const killed = {
  name: 'killed',
  summary: 'launchers and daemons are killed and stopped at each step',
  columns: 'A row is a place in the code (`seam` in crates/core and ts); kill and stop: how often there.',
  fails:
    'a stop, start and stop afterwards that do not work, a process or file that is left, a line that is lost',
  run,
}
