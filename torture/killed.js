/**
 * Killed anywhere: at each named step of the package the process that gets there is killed, or stopped and continued;
 * and launchers and daemons are killed at random times. Afterwards a stop and a start work, and nothing is left.
 */

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDead, kill, marked, until } from '../scripts/lib/processes.js'
import { seamsFacade } from './lib/build.js'
import { daemonOf, targetIn } from './lib/daemon.js'
import { problemsOfTarget } from './lib/oracle.js'
import { stateOf } from './lib/state.js'
import { stepsOf } from './lib/steps.js'

/** Rounds at the same time. */
const TOGETHER = 3
/** The longest time for anything, in milliseconds. */
const WITHIN = 25_000

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

/**
 * How each step is met: the verb of the process that has the orders, and passes them on to the daemon that it starts,
 * and what is done when that daemon runs.
 */
const SCENARIOS = [
  { steps: /^(?:lock|launch|child|start|adopt|script|ready)\./, verb: 'start' },
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
  const victim = spawn(process.execPath, [here('programs/victim.mjs'), scenario.verb, settings], {
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
  const pending = isMet() ? undefined : scenario.next?.(daemon)
  pending?.catch(() => {})
  await within(isMet, `${step}, after ${JSON.stringify(printed)}`)
  return { victim, over, pending }
}

/** The stopped processes of the round go on, when others have looked. */
async function continueAll({ daemon, folder, fail, step }) {
  const stopped = () => processesOf(folder).filter((pid) => stateOf(pid) === 'T')
  await within(() => stopped().length > 0, `${step}: a stopped process`)
  await daemon.status().catch((error) => {
    if (!/^ERR_DAEMON_/.test(error.code)) fail(`${step}: status: ${error.stack}`)
  })
  for (const pid of stopped()) kill(pid, 'SIGCONT')
}

/** A stop and a start work, and nothing is left. */
async function recover({ daemon, target, folder, fail, what }) {
  try {
    await daemon.stop()
    const { pid } = await daemon.start()
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
  const target = { ...targetIn(folder, 'victim'), ...scenario.options, variables: { TORTURE_ROUND: folder } }
  const daemon = daemonOf(Daemon, target)
  const what = `${action} at ${step}`
  if (scenario.startsBefore) await daemon.start()
  const { victim, over, pending } = await untilMet({ step, action, scenario, target, facade, daemon, folder })
  if (action === 'stop') await continueAll({ daemon, folder, fail, step })
  if (scenario.verb === 'foreground') victim.kill('SIGKILL')
  await within(() => victim.exitCode !== null || victim.signalCode !== null, `${what}: the end of the victim`)
  await over
  await pending?.catch(() => {})
  await recover({ daemon, target, folder, fail, what })
  rmSync(folder, { recursive: true, force: true })
}

/** Launcher or daemon is killed at a random time of a start or a stop. */
async function randomRound({ facade, Daemon, folder, random, fail }) {
  mkdirSync(folder)
  const target = { ...targetIn(folder, 'victim'), maxSize: 400, variables: { TORTURE_ROUND: folder } }
  const daemon = daemonOf(Daemon, target)
  const verb = random.pick(['start', 'start', 'restart', 'stop'])
  if (verb !== 'start') await daemon.start()
  const settings = JSON.stringify({ facade, target })
  const victim = spawn(process.execPath, [here('programs/victim.mjs'), verb, settings], {
    env: { ...process.env, TORTURE_ROUND: folder },
    stdio: 'ignore',
  })
  const over = new Promise((resolve) => victim.once('close', resolve))
  await delay(random.int(400))
  const all = processesOf(folder)
  const pid = all.length > 0 ? random.pick(all) : victim.pid
  if (pid === victim.pid) victim.kill('SIGKILL')
  else kill(pid)
  await over
  await recover({ daemon, target, folder, fail, what: `a kill of ${pid} at a random time of ${verb}` })
  rmSync(folder, { recursive: true, force: true })
}

async function run({ seconds, folder, random, note, count, fail }) {
  const facade = await seamsFacade()
  const { Daemon } = await import(facade)
  const steps = stepsOf()
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
        await (job === undefined ? randomRound(common) : round({ ...common, ...job }))
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
