/** What is done under a fault: the verbs of one process, and programs that become a daemon. */

import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isDead, kill, killAll, marked, until } from '../../scripts/lib/processes.js'
import { FACADE, program } from '../lib/programs.js'
import { heard, problemsOf, wordsOf } from './judge.js'
import { problemsOfLogs } from './logs.js'

const DEADLINE = 20_000
const BARE_DEADLINE = 20_000
/** The exit code of confine when it has not executed the command. */
const CONFINE_FAILED = 125
const BARE = 'Node.js itself does not run'

/** What is left of a run: files that nobody reads any more, such as one that was to replace another. */
const EXPECTED = /^(?:a\.pid|log(?:\.\d+)?|full)$/

/** A fault at work in a folder of its own. */
export class Place {
  constructor(fault, { folder, confine, fail }) {
    this.folder = folder
    this.known = new Set()
    this.fail = (text) => fail(`${fault.name}: ${text}`)
    this.fault = fault
    mkdirSync(folder)
    if (fault.user !== undefined) chownSync(folder, fault.user, fault.user)
    chmodSync(folder, 0o755)
    this.confine = confine
    this.operations = 0
  }

  async prepare() {
    this.set = (await this.fault.prepare?.(this.folder)) ?? {}
    /** The folder as this process sees it: another one if the fault mounts something there. */
    this.seen = `${this.set.root ?? ''}${this.folder}`
  }

  #options(isFaulty) {
    const { folder, fault } = this
    return {
      pidFile: join(folder, 'a.pid'),
      script: program('writer.cjs'),
      log: { file: join(folder, 'log'), maxSize: 4_000, keep: 500 },
      cwd: '/',
      // What is launched, and not the launcher.
      env: { FAULT_DAEMON: folder },
      readyTimeout: 10_000,
      stopTimeout: 3_000,
      ...fault.options?.(folder, isFaulty),
    }
  }

  /** The command as it is run under the fault, or without the fault but in the same place. */
  #command(isFaulty, command) {
    const { fault, set } = this
    const limited = isFaulty ? (fault.wrap?.(command, this.confine) ?? command) : command
    const user = ['setpriv', `--reuid=${fault.user}`, `--regid=${fault.user}`, '--clear-groups', '--']
    const owned = fault.user === undefined ? limited : [...user, ...limited]
    return set.enter?.(owned, isFaulty) ?? owned
  }

  #run(isFaulty, args, hear, deadline) {
    const command = this.#command(isFaulty, [process.execPath, ...args])
    return heard(command, { mark: this.folder, cwd: '/', deadline }, hear)
  }

  /** What the judge must know. */
  #about() {
    return { pidFile: join(this.seen, 'a.pid'), known: this.known, mark: this.folder }
  }

  /** Whether Node.js itself runs under the fault. */
  async bare() {
    const how = await this.#run(true, [program('bare.mjs')], () => {}, BARE_DEADLINE)
    if (how.code === CONFINE_FAILED) throw new Error(`the fault cannot be made: ${endOf(how)}`)
    return how.code === 0
  }

  /** Calls the verbs, and judges each. */
  async verbs(who, verbs, isFaulty = true) {
    const settings = { facade: FACADE, options: this.#options(isFaulty), verbs, deadline: DEADLINE }
    const told = []
    const hear = (one) => {
      told.push(one)
      if (one.verb === 'settled' || one.verb === 'pause') return
      this.operations++
      const isBound = this.fault.works && one.error !== undefined
      if (isBound) this.fail(`${who}: ${one.verb} does not work without it: ${one.error.message}`)
      for (const text of problemsOf(one, this.#about())) {
        this.fail(`${who}: ${text}`)
      }
    }
    const how = await this.#run(isFaulty, [program('verbs.mjs'), JSON.stringify(settings)], hear)
    if (how.code !== 0) this.#ended(who, how, told.at(-1)?.verb)
    this.#leaked(who, told)
    return told
  }

  /** A program has ended in the middle of it. */
  #ended(who, how, verb = 'nothing') {
    // Node.js itself has been refused a thread: it depends on what else runs at that moment.
    if (this.fault.isShared && (how.hung || how.signal === 'SIGABRT')) return
    this.fail(`${who}: ended with ${endOf(how)} after ${verb}`)
  }

  /** Descriptors: a second time may not need more than the first. */
  #leaked(who, told) {
    const more = told.filter(({ verb }) => verb === 'settled').map(({ value }) => value?.more)
    if (more.length > 1 && more.at(-1) > more[0]) this.fail(`${who}: ${more.at(-1)} descriptors more`)
  }

  /** A program that becomes the daemon, is looked at and stopped by another. Gives what came of it in words. */
  async becomes(way) {
    let outcome
    const settings = JSON.stringify({ facade: FACADE, options: this.#options(true) })
    const asked = Promise.withResolvers?.() ?? withResolvers()
    const hear = (told) => {
      outcome = told
      this.operations++
      for (const text of problemsOf(told, this.#about())) {
        this.fail(text)
      }
      const isBound = this.fault.works && told.error !== undefined
      if (isBound) this.fail(`${way} does not work without it: ${told.error.message}`)
      asked.resolve()
    }
    const running = this.#run(true, [program('becomes.mjs'), way, settings], hear)
    running.then(asked.resolve)
    await asked.promise
    if (outcome === undefined) {
      const how = await running
      this.#ended(way, how)
      return BARE
    }
    if (outcome.error === undefined) await this.verbs(`after ${way}`, ['status', 'stop'], false)
    const how = await running
    const expected = outcome.error === undefined ? 0 : 1
    if (how.code !== expected) this.fail(`${way}: ended with ${endOf(how)}`)
    return wordsOf(outcome)
  }

  /** Afterwards, without the fault: the daemon can be stopped, and another started. */
  async afterwards(...more) {
    await this.#mustWork(['status', 'stop', ...more])
    const left = marked(this.folder)
    await until(() => left.every(isDead), 'the end of all', 3_000).catch(() => {
      this.fail(`${left.filter((pid) => !isDead(pid))} left`)
    })
    // A stop that finds nothing leaves a stale pidfile, which the next start takes over.
    const isClean = more.length > 0 && !this.fault.isBroken
    const files = readdirSync(this.seen).filter(
      (name) => !EXPECTED.test(name) || (isClean && name === 'a.pid'),
    )
    if (files.length > 0) this.fail(`files are left: ${files}`)
    if (!this.fault.losesLines) for (const text of problemsOfLogs(this.seen)) this.fail(text)
  }

  async #mustWork(verbs) {
    const told = this.fault.isBroken ? [] : await this.verbs('afterwards', verbs, false)
    for (const { verb, error } of told) {
      if (error !== undefined) this.fail(`afterwards, ${verb}: ${error.message}`)
    }
  }

  end() {
    killAll(() => marked(this.folder))
    if (this.set?.holder !== undefined) kill(this.set.holder)
  }
}

function withResolvers() {
  let resolve
  const promise = new Promise((resolved) => {
    resolve = resolved
  })
  return { promise, resolve }
}

const endOf = ({ hung, problem, code, signal, stderr }) =>
  `${hung ? 'no answer' : (problem ?? signal ?? code)} ${stderr.slice(-2_000)}`

const OWN = [
  ...['start', 'status', 'reload', 'signal', 'logs', 'pause', 'restart', 'stop', 'settled'],
  ...['start', 'stop', 'settled'],
]
const FOREIGN = ['status', 'signal', 'reload', 'exited', 'restart', 'stop']

/** Who does it under the fault, each with a row of the report: gives the words for it. */
const ACTORS = {
  'its launcher': async (place, who) => {
    const told = await place.verbs(who, OWN)
    await place.afterwards('start', 'stop')
    return rowOf(told)
  },
  'another process': async (place, who) => {
    if (!place.fault.isBroken) await place.verbs('before', ['start'], false)
    const told = await place.verbs(who, FOREIGN)
    await place.afterwards()
    return rowOf(told)
  },
  'daemonize()': (place) => become(place, 'daemonize'),
  'foreground()': (place) => become(place, 'foreground'),
}

async function become(place, way) {
  const words = await place.becomes(way)
  await place.afterwards()
  return { [way]: words }
}

/** The first answer of each verb. */
function rowOf(told) {
  const words = {}
  for (const one of told) {
    if (!['settled', 'pause'].includes(one.verb)) words[one.verb] ??= wordsOf(one)
  }
  return words
}

/** Those who can have the fault: one that the daemon alone has is none for others. */
const actorsOf = ({ inDaemon }) =>
  Object.keys(ACTORS).filter((who) => !inDaemon || ['its launcher', 'daemonize()'].includes(who))

/**
 * Has the fault met, and gives the rows for the report.
 *
 * @param few the launcher and one of the others only
 */
export async function runFault(place, { few, random }) {
  const { fault } = place
  await place.prepare()
  if (!(await place.bare())) return [{ fault: fault.name, who: BARE }]
  const [launcher, ...others] = actorsOf(fault)
  const rows = []
  for (const who of [launcher, ...(few ? [random.pick(others)] : others)]) {
    rows.push({ fault: fault.name, who, ...(await ACTORS[who](place, who)) })
  }
  return rows
}
