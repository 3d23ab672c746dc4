/**
 * Daemons on demand: clients connect to a daemon that leaves as soon as nobody uses it, and start it anew; clients and
 * daemons are killed and stopped at random. Beside it a stranger takes the name of another daemon's socket, again and
 * again.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { commandOf, isDead, kill, marked, until } from '../scripts/lib/processes.js'
import { daemonOf, targetIn } from './lib/daemon.js'
import { livesOf } from './lib/lives.js'
import { problemsOfTarget } from './lib/oracle.js'
import { FACADE, program } from './lib/programs.js'
import { endOf } from './lib/within.js'
import { now } from './programs/journal.cjs'

/** The version that each client wants; of one without a version any daemon will do. */
const CLIENTS = [undefined, undefined, undefined, undefined, undefined, undefined, '1', '2']
/** Fewer, so that the daemon leaves more often. */
const CALM = [undefined, undefined, undefined, undefined]
/**
 * How long they think, in milliseconds at most: longer than an idle daemon stays. Those that want a version replace the
 * daemon, and connect less often.
 */
const THOUGHT = { any: 100, version: 1_500 }
/** The longest time that a daemon stays without use, in milliseconds. */
const IDLE = 20
/**
 * What is done to them, as often as it stands here; between two of these, for a stop, and between the note of a kill
 * and the kill, in milliseconds at most.
 */
const MISCHIEF = {
  actions: ['killClient', 'stopClient', 'stopClient', 'stopDaemon', 'stopDaemon', 'killDaemon'],
  between: 400,
  stopped: 150,
  late: 1_000,
}
/** In milliseconds. */
const BETWEEN_THEFTS = 400
/** How long a client may take to end when the time is up, in milliseconds: longer than any connect. */
const HANG = 60_000

/** The PID in a pidfile. */
const holderOf = ({ pidFile }) => Number(contentOf(pidFile)) || undefined

function contentOf(path) {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** The clients of a storm: as many as there are places, each with a next one when it has ended. */
class Clients {
  /** What all of them have told. */
  told = []
  /** The version that each living client wants, by its PID. */
  living = new Map()

  /** Keeps one client alive until the time is up. */
  async keep({ random, settings }) {
    while (now() < settings.until) {
      const args = [program('client.mjs'), String(random.seed()), JSON.stringify(settings)]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      const { version } = settings.target
      this.living.set(child.pid, version)
      child.on('message', (message) => this.told.push({ client: child.pid, wanted: version, ...message }))
      const how = await endOf(child, settings.until - now() + HANG)
      this.living.delete(child.pid)
      if (how !== 0 && how !== 'SIGKILL') this.told.push({ client: child.pid, crashed: how })
    }
  }
}

/**
 * Kills and stops clients and the daemon until the time is up. Gives which daemons it has killed, and when, since a PID
 * comes again in a long storm; and when it has killed clients that may have been about to replace the daemon: that is a
 * plain stop then, which cuts connections.
 */
async function mischief({ random, clients, target, end, count }) {
  const killed = []
  const displacers = []
  const actions = {
    killClient() {
      const [pid, version] = random.pick([...clients.living]) ?? []
      if (version !== undefined) displacers.push(now())
      if (pid !== undefined) kill(pid)
    },
    stopClient: () => stopFor(random.pick([...clients.living.keys()])),
    killDaemon() {
      const pid = holderOf(target)
      if (pid === undefined) return
      killed.push({ pid, at: now() })
      kill(pid)
    },
    stopDaemon: () => stopFor(holderOf(target)),
  }
  const pending = new Set()
  function stopFor(pid) {
    if (pid === undefined) return
    kill(pid, 'SIGSTOP')
    const over = delay(random.int(MISCHIEF.stopped)).then(() => kill(pid, 'SIGCONT'))
    pending.add(over)
    over.finally(() => pending.delete(over))
  }
  while (now() < end) {
    await delay(random.int(MISCHIEF.between))
    const action = random.pick(MISCHIEF.actions)
    actions[action]()
    count(action.startsWith('kill') ? 'kills' : 'stops')
  }
  await Promise.all(pending)
  return { killed, displacers }
}

/** What is wrong with what has come of a connection. */
function* problemsOf(told, { killed, displacers, excuses, lives }) {
  const { begun, connected, ended, error, pid, version, wanted, heard, isAnswer, crashed } = told
  if (crashed !== undefined) {
    yield `it has crashed (${crashed})`
  } else if (error !== undefined) {
    // Its own start, whose daemon was killed.
    const isKilled =
      error.exitSignal === 'SIGKILL' && takeOne(excuses, ({ at }) => at >= begun && at <= connected)
    const after = `after ${Math.round(connected - begun)} ms`
    if (!isKilled) yield `connect has failed ${after}: ${error.code ?? error.name}: ${error.message}`
  } else if (heard === undefined) {
    const isCut = displacers.some((at) => at >= begun - MISCHIEF.stopped && at <= ended)
    const life = lives.find((one) => one.pid === pid)
    const how = life?.end === undefined ? 'of which no end is known' : `which ended with ${life.end.code}`
    const why = `${pid}, ${how}, was accepted, and ended without an answer`
    const isKilled = killed.some((one) => one.pid === pid && one.at > begun - MISCHIEF.late && one.at < ended)
    if (!isKilled && !isCut) yield `the connection to ${why}`
  } else if (!isAnswer) {
    yield `the connection to ${pid} has a wrong answer: ${JSON.stringify(heard)}`
  } else if (wanted !== undefined && wanted !== version) {
    yield `${pid} has version ${version}, and ${wanted} was wanted`
  }
}

/** Takes a kill that excuses a start: one of them ends one start. */
function takeOne(kills, isOne) {
  const found = kills.findIndex(isOne)
  return found >= 0 && kills.splice(found, 1).length === 1
}

const outcomeOf = ({ error, heard, crashed }) => {
  if (crashed !== undefined) return 'crashed'
  if (error !== undefined) return error.code ?? error.name
  return heard === undefined ? 'killed' : 'answered'
}

/** The name of a daemon's socket is given to a stranger's, which the daemon must leave alone. */
async function stolen({ Daemon, target, end, count, fail }) {
  const path = target.pidFile.replace(/\.pid$/, '.sock')
  while (now() < end) {
    const { pid } = await daemonOf(Daemon, target).start()
    const stranger = createServer((visitor) => visitor.destroy()).listen(`${path}.stranger`)
    await once(stranger, 'listening')
    const { ino } = lstatSync(`${path}.stranger`)
    renameSync(`${path}.stranger`, path)
    // Nobody finds it any more, so that it leaves.
    await until(() => isDead(pid), `the end of ${pid}, whose socket has lost its name`)
    if (lstatSync(path, { throwIfNoEntry: false })?.ino !== ino)
      fail(`${pid} has removed a socket that is not its own`)
    await new Promise((resolve) => stranger.close(resolve))
    rmSync(path, { force: true })
    count('sockets taken')
    await delay(BETWEEN_THEFTS)
  }
}

/** One more start and stop, after which nothing is left. */
async function judgeEnd({ Daemon, target, folder, fail }) {
  try {
    const daemon = daemonOf(Daemon, target)
    await daemon.stop()
    await daemon.start()
    await daemon.stop()
  } catch (error) {
    fail(`the last start and stop of ${target.pidFile}: ${error.code}: ${error.message}`)
  }
  // The children that keep a socket.
  for (const pid of marked(folder)) if (commandOf(pid).startsWith('sleep ')) kill(pid)
  await until(() => marked(folder).length === 0, 'the end of all processes', 5_000).catch(() => {})
  for (const pid of marked(folder)) fail(`the process ${pid} is left: ${commandOf(pid)}`)
  const own = basename(target.pidFile, '.pid')
  const files = readdirSync(folder).filter((name) => name.startsWith(own))
  if (files.length > 0) fail(`files are left: ${files.join(' ')}`)
  for (const text of problemsOfTarget(target, isDead)) fail(`${target.pidFile}: ${text}`)
}

/**
 * @param context of the part; also `calm`, whether nobody is killed or stopped and no version wanted, `kept`, for how
 * many milliseconds a child keeps the socket of a daemon open, and `readyTimeout`
 * @param facade the address of the facade to try: that of a build with a broken rule, too
 */
export async function runOnDemand(context, facade = FACADE) {
  const { folder, seconds, random, count, note, fail, name = 'on-demand' } = context
  const { calm = false, kept, readyTimeout } = context
  const { Daemon } = await import(facade)
  const target = { ...targetIn(folder, name), facade, kept, readyTimeout }
  const other = { ...targetIn(folder, `${name}-stolen`), facade }
  const end = now() + seconds * 1000
  const clients = new Clients()
  const versions = calm ? CALM : CLIENTS
  const all = versions.map((version) => {
    const longestThought = version === undefined ? THOUGHT.any : THOUGHT.version
    const settings = { facade, target: { ...target, version }, until: end, longestIdle: IDLE, longestThought }
    return clients.keep({ random, settings })
  })
  const [kills] = await Promise.all([
    calm ? { killed: [], displacers: [] } : mischief({ random, clients, target, end, count }),
    stolen({ Daemon, target: other, end, count, fail }),
    ...all,
  ])
  await judgeEnd({ Daemon, target, folder, fail })
  const outcomes = {}
  const known = { ...kills, excuses: [...kills.killed], lives: [...livesOf(target).values()] }
  for (const one of clients.told) {
    const kind = one.wanted === undefined ? 'any version' : `version ${one.wanted}`
    outcomes[kind] ??= {}
    outcomes[kind][outcomeOf(one)] = (outcomes[kind][outcomeOf(one)] ?? 0) + 1
    for (const text of problemsOf(one, known)) fail(`client ${one.client}: ${text}`)
  }
  for (const [connect, counts] of Object.entries(outcomes).toSorted()) note({ connect, ...counts })
  const served = clients.told.filter(({ heard }) => heard !== undefined)
  count('operations', clients.told.length)
  count('daemons', new Set(served.map(({ pid }) => pid)).size)
  return served.length
}

export const onDemand = {
  name: 'on-demand',
  summary: `${CLIENTS.length} clients, and a daemon that leaves when nobody uses it`,
  columns: 'A column is an outcome: answered, killed in the middle of it, or the code of the error.',
  fails:
    'a connect with an error, a connection that is accepted and not answered, a daemon of another version, two at ' +
    'once, a removed socket of a stranger, a process, socket or pidfile that is left',
  async run(context) {
    if ((await runOnDemand(context)) === 0) context.fail('nobody was served')
  },
}
