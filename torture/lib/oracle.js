/** Compares what the actors of a storm were told with what the daemons have recorded. */

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { bornOf } from '../../scripts/lib/processes.js'
import { unexplained } from './causes.js'
import { countedBy, livesOf } from './lives.js'

/** Between the moment in which a process holds the lock and its first record, Node.js boots: in milliseconds. */
const BOOT = 5_000

/** Between its last record and its end a process still has the lock. */
const EXIT = 1_000

/** The name or the message of the error of an operation that was aborted. */
const ABORTS = { startAborted: 'had enough', stopAborted: 'had enough', exited: 'TimeoutError' }

/** Errors that a verb may have while others start, stop and kill the same daemon. */
const EXPECTED = {
  // ERR_DAEMON_PIDFILE: for two seconds others have kept the lock away, or a process had it that was ending.
  start: ['ERR_DAEMON_ALREADY_RUNNING', 'ERR_DAEMON_START_FAILED', 'ERR_DAEMON_PIDFILE'],
  restart: ['ERR_DAEMON_ALREADY_RUNNING', 'ERR_DAEMON_START_FAILED', 'ERR_DAEMON_PIDFILE'],
  reload: ['ERR_DAEMON_NOT_RUNNING'],
  signal: ['ERR_DAEMON_NOT_RUNNING'],
}
const isAbort = (operation, { name, message }) => [name, message].includes(ABORTS[operation])

const outcomeOf = ({ operation, error }) => {
  if (error === undefined) return 'done'
  return isAbort(operation, error) ? 'aborted' : (error.code ?? error.name)
}
const verbOf = (operation) => operation.replace(/(?:Waiting|Aborted|Hard)$/, '')

/** The moments, in which a life can have held the lock. */
const heldFrom = ({ born, begin, crashed }) => (born ?? begin ?? crashed).at - BOOT
const heldUntil = ({ end, crashed }) =>
  crashed?.at ?? (end === undefined ? Number.POSITIVE_INFINITY : end.at + EXIT)

/**
 * Judges all that was told. Gives how often each operation had which outcome.
 *
 * @param over when all are stopped in the end
 */
export function judgeStorm({ told, targets, isDead, fail, over = Infinity }) {
  const lives = targets.map(livesOf)
  const hidden = targets.map((_, target) => launchesWithoutRecord(told, target, lives[target]))
  const outcomes = {}
  for (const one of told) {
    if (one.crashed !== undefined) fail(`the actor ${one.actor} has crashed (${one.crashed})`)
    if (one.ended === undefined) continue
    const outcome = outcomeOf(one)
    outcomes[one.operation] ??= {}
    outcomes[one.operation][outcome] = (outcomes[one.operation][outcome] ?? 0) + 1
    for (const text of problemsOf(one, [...lives[one.target].values()], hidden[one.target])) {
      fail(`${one.operation} on ${targets[one.target].pidFile} by ${one.actor}: ${text}`)
    }
  }
  targets.forEach((target, index) => {
    for (const text of problemsOfTarget(target, isDead)) fail(`${target.pidFile}: ${text}`)
    for (const text of unexplained(told, index, lives[index], over)) fail(`${target.pidFile}: ${text}`)
  })
  return outcomes
}

/** What is wrong with the lives and the log of a pidfile's bodies, when all of them have ended. */
export function* problemsOfTarget(target, isDead) {
  const lives = livesOf(target)
  yield* problemsOfLives(lives, isDead)
  yield* problemsOfLog(target, lives)
}

/**
 * The launches whose process was killed while Node.js booted, so that it has left no record: each with the time in
 * which that process can have lived.
 */
function launchesWithoutRecord(told, target, lives) {
  const recorded = new Set([...lives.values()].map(({ born }) => born?.launch))
  const launches = new Map()
  for (const { target: of, launch, operation, begun, ended = Number.POSITIVE_INFINITY } of told) {
    if (of !== target || !/^(?:start|restart)/.test(operation) || recorded.has(launch)) continue
    launches.set(launch, { begun, ended })
  }
  return [...launches.values()]
}

/** What is wrong with an operation's outcome. @param hidden the launches that have left no record */
function* problemsOf(one, lives, hidden) {
  const { operation, begun, ended, value, error, isTyped, survivors, isStranger } = one
  const before = error === undefined ? 'which had begun before' : 'which it has launched'
  for (const pid of survivors ?? []) yield `it has returned while ${pid} lives, ${before}`
  if (isStranger) yield `${value?.pid ?? error.pid} is a stranger`
  const verb = verbOf(operation)
  const during = (life) => heldFrom(life) <= ended && heldUntil(life) >= begun
  const of = (pid) => lives.filter((life) => life.pid === pid)
  // Told as running: it has a record, or its launch has left none.
  const ran = (pid) =>
    of(pid).some(during) || hidden.some((launch) => launch.begun <= ended && launch.ended >= begun)
  if (error !== undefined) {
    if (!isTyped && !isAbort(operation, error)) yield `${error.name}: ${error.message}`
    if (isTyped && !(EXPECTED[verb] ?? []).includes(error.code)) yield `${error.code}: ${error.message}`
    const named = error.code === 'ERR_DAEMON_ALREADY_RUNNING' ? error.pid : undefined
    if (named !== undefined && !ran(named)) yield `${named} did not run at that time`
    return
  }
  if (verb === 'start' || verb === 'restart') {
    const serves = of(value.pid).some(
      (life) => life.begin !== undefined && life.begin.at <= ended && during(life),
    )
    if (!serves) yield `${value.pid} has not begun`
  }
  const all = lives.filter(({ begin, end }) => begin?.at < begun && end?.at > ended)
  if (verb === 'exited' && all.length > 0) yield `${all[0].pid} runs, and was told as exited`
  if (verb === 'status') {
    if (value.state === 'stopped' && all.length > 0) yield `${all[0].pid} runs, and was told as stopped`
    if (value.state === 'running' && !ran(value.pid)) yield `${value.pid} did not run at that time`
  }
}

function* problemsOfLives(lives, isDead) {
  for (const { pid, bornTick, born, overlap } of lives.values()) {
    if (overlap !== undefined) yield `two bodies at once: ${pid} was refused the oracle's name`
    // Both have the lock: the one that ends has it until its last exit handler is over.
    const other = [...lives.values()].find(
      ({ born: first, end }) => first?.at < born?.at && born.at < end?.at,
    )
    if (other !== undefined) yield `two bodies at once: ${pid} was born before ${other.pid} had ended`
    if (!isDead(pid) && bornOf(pid) === bornTick) yield `${pid} is left`
  }
}

/** The files of a log, the oldest first, each once: a crash in a rotation leaves a log with two names. */
function filesOf(records) {
  const names = readdirSync(records).filter((name) => /^log(?:\.\d+(?:\.gz)?)?$/.test(name))
  const age = (name) => Number(/\.(\d+)/.exec(name)?.[1] ?? 0)
  const seen = new Set()
  const first = names
    .map((name) => ({ path: join(records, name), age: age(name) }))
    .filter(({ path }) => {
      const { ino } = statSync(path)
      return !seen.has(ino) && seen.add(ino)
    })
  return first.toSorted((a, b) => b.age - a.age).map(({ path }) => path)
}

function textOf(path) {
  const bytes = readFileSync(path)
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}

/** Lines are numbered by each body: none is missing, none is there twice, none is torn. */
function* problemsOfLog({ records }, lives) {
  const counts = new Map()
  for (const path of filesOf(records)) {
    for (const line of textOf(path).split('\n').slice(0, -1)) {
      const [, key, number] = /^(\d+ \d+) (\d+)$/.exec(line) ?? []
      if (key === undefined) {
        if (/^\d/.test(line)) yield `a torn line: ${line.slice(0, 80)}`
        continue
      }
      const before = counts.get(key) ?? 0
      if (Number(number) !== before + 1) yield `of ${key} line ${number} follows ${before} (${path})`
      counts.set(key, Number(number))
    }
  }
  for (const [key, { end }] of lives) {
    const written = counts.get(key) ?? 0
    if (end !== undefined && end.lines !== written)
      yield `of ${key} there are ${written} of ${end.lines} lines`
    const least = countedBy(records, key)
    if (written < least) yield `of ${key} there are ${written} lines, and it had written ${least}`
  }
}
