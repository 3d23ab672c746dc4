/**
 * Hostile files: what stands in a pidfile's place is exchanged all the time, by a user and by root, while root starts,
 * stops, signals and asks. Nobody else gets a signal, and nothing outside of the folders changes.
 */

import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isDead, kill, marked, until } from '../scripts/lib/processes.js'
import { canaries } from './hostile/canaries.js'
import { Bystanders } from './lib/bystanders.js'
import { missing } from './lib/needs.js'
import { FACADE, program } from './lib/programs.js'
import { endOf } from './lib/within.js'

const NOBODY = 65_534
const OPERATORS = 5
/** How long an operator may take to end when the time is up, in milliseconds: longer than any of its verbs. */
const HANG = 30_000

/** A folder with two more below it, of that user: the innermost is for the pidfile. */
function nested(folder, user) {
  const levels = ['one', 'one/two', 'one/two/three'].map((name) => join(folder, name))
  for (const path of [folder, ...levels]) {
    mkdirSync(path)
    chownSync(path, user, user)
  }
  return { pidFile: join(levels[2], 'a.pid'), levels, folder, user }
}

/** A folder like /tmp: everybody may make files there, and each exchange only its own. */
function sticky(folder) {
  mkdirSync(folder)
  chmodSync(folder, 0o1777)
  return { pidFile: join(folder, 'a.pid'), levels: [], folder, user: NOBODY }
}

function exchanger(random, place, settings) {
  const { user, pidFile, levels } = place
  const args = [
    program('exchanger.cjs'),
    String(random.seed()),
    JSON.stringify({ pidFile, levels, ...settings }),
  ]
  const as = user === 0 ? {} : { uid: user, gid: user }
  const child = spawn(process.execPath, args, {
    ...as,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let result
  child.once('message', (message) => {
    result = message
  })
  return { child, told: new Promise((resolve) => child.once('close', () => resolve(result))) }
}

/** A daemon of root's that the links lead to. */
async function victimIn(folder, Daemon) {
  mkdirSync(folder)
  const heard = join(folder, 'heard')
  const options = {
    pidFile: join(folder, 'a.pid'),
    script: program('victim.cjs'),
    scriptArgs: [heard],
    cwd: '/',
  }
  const { pid } = await new Daemon(options).start()
  return {
    pid,
    folder,
    judge(fail) {
      if (isDead(pid)) fail(`the daemon ${pid}, which the links lead to, is dead`)
      if (existsSync(heard))
        fail(`the daemon that the links lead to has heard ${readFileSync(heard, 'utf8')}`)
      if (readFileSync(options.pidFile, 'utf8') !== `${pid}\n`) fail("the victim's pidfile has changed")
    },
  }
}

/**
 * What is wrong with an outcome, apart from what the oracles see.
 *
 * @param movable the pidfiles whose path a user can lead elsewhere: no daemon of root's may begin there
 */
function problemOf({ operation, pidFile, hang, isTyped, error }, movable) {
  if (hang) return `${operation} on ${pidFile} hangs`
  if (error !== undefined && !isTyped) return `${operation} on ${pidFile}: ${error.text}`
  const begins = error === undefined && ['start', 'restart'].includes(operation)
  return begins && movable.includes(pidFile) ? `${operation} on ${pidFile} has begun a daemon` : undefined
}

const wordsOf = ({ hang, error }) =>
  hang ? 'hang' : error === undefined ? 'done' : (error.reason ?? error.code).slice(0, 60)

/** Lets operators work until the time is up, and gives how often each verb had which outcome. */
async function operate({ random, seconds, fail, count }, settings, movable) {
  const outcomes = {}
  const one = () => {
    const args = [program('operator.mjs'), String(random.seed()), JSON.stringify(settings)]
    const child = spawn(process.execPath, args, { cwd: '/', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    child.on('message', (told) => {
      count('operations')
      const problem = problemOf(told, movable)
      if (problem !== undefined) fail(problem)
      outcomes[told.operation] ??= {}
      const row = outcomes[told.operation]
      const words = wordsOf(told)
      row[words] = (row[words] ?? 0) + 1
    })
    return child
  }
  const children = Array.from({ length: OPERATORS }, one)
  const isDue = delay(seconds * 1000)
  const ends = children.map((child) => endOf(child, HANG, isDue))
  await isDue
  for (const child of children) if (child.connected) child.send('over')
  for (const code of await Promise.all(ends)) if (code !== 0) fail(`an operator has ended with ${code}`)
  return outcomes
}

/** Ends the exchangers, and tells of what they have done. */
async function ended(exchangers, { count, note, fail }) {
  const all = {}
  for (const { child, told } of exchangers) {
    if (child.connected) child.send('over')
    const result = await told
    if (result === undefined) fail('an exchanger has crashed')
    if (result?.count === 0) fail('an exchanger has exchanged nothing')
    count('exchanges', result?.count ?? 0)
    for (const [kind, times] of Object.entries(result?.done ?? {})) all[kind] = (all[kind] ?? 0) + times
  }
  for (const [kind, times] of Object.entries(all)) note({ 'in place of the pidfile': kind, times })
}

function judgeRecords(records, fail) {
  const journal = join(records, 'journal')
  if (existsSync(journal)) fail(readFileSync(journal, 'utf8').slice(0, 500))
  return readdirSync(records).filter((name) => name.startsWith('inode-')).length
}

async function runHostile(context, facade = FACADE) {
  const { folder, random, count, note, fail, skip } = context
  const lacks = missing(['root', 'mknod'])
  if (lacks.length > 0) return skip(`no ${lacks.join(', no ')} here`)
  const { Daemon } = await import(facade)
  chmodSync(folder, 0o755)
  const bystanders = new Bystanders(4)
  const victim = await victimIn(join(folder, 'victim'), Daemon)
  const outside = canaries(join(folder, 'outside'), bystanders.pids[0])
  const records = join(folder, 'records')
  mkdirSync(records)
  const places = [
    nested(join(folder, 'user'), NOBODY),
    nested(join(folder, 'root'), 0),
    sticky(join(folder, 'all')),
  ]
  const strangers = [...bystanders.pids, victim.pid]
  const exchangers = places.map((place) =>
    exchanger(random, place, {
      strangers,
      dangling: outside.dangling,
      targets: [...outside.targets, join(victim.folder, 'a.pid')],
      // A hard link of root's in root's own folder is another name of the same pidfile.
      linked: outside.targets,
      // Root decides itself where its links lead: to a folder of its own here.
      folders: place.user === 0 ? [] : [victim.folder, outside.folder],
    }),
  )
  const pidFiles = places.map(({ pidFile }) => pidFile)
  const outcomes = await operate(context, { facade, records, pidFiles }, [pidFiles[0]])
  await ended(exchangers, context)
  for (const [operation, row] of Object.entries(outcomes)) note({ operation, ...row })
  const spared = [...strangers]
  const left = () => marked(folder).filter((pid) => !spared.includes(pid))
  await until(() => left().length === 0, 'the end of all daemons', 10_000).catch(() => fail(`${left()} left`))
  const inodes = judgeRecords(records, fail)
  count('inodes with a daemon', inodes)
  if (inodes === 0) fail('no daemon has begun')
  victim.judge(fail)
  outside.judge(fail)
  bystanders.judge(fail)
  bystanders.end(kill)
}

export const hostile = {
  name: 'hostile',
  summary: 'pidfiles and their folders are exchanged while root uses them',
  columns: "A column is an outcome: done, the reason of a PidFileError, or the error's code.",
  fails:
    'a signal to a stranger, a change outside of the folders, a daemon in a folder that a user can exchange, ' +
    'an error without a type, a verb that hangs',
  run: (context) => runHostile(context),
}
