/** Runs programs under a fault, and judges what their verbs have told by what the system shows. */

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { commandOf, isDead, kill, MARK, marked } from '../../scripts/lib/processes.js'

/** A verb that takes longer hangs, in milliseconds. The program itself gives up a little earlier, and says so. */
const DEADLINE = 25_000

const CODES = [
  'ERR_DAEMON_ALREADY_RUNNING',
  'ERR_DAEMON_NOT_RUNNING',
  'ERR_DAEMON_START_FAILED',
  'ERR_DAEMON_READY_TIMEOUT',
  'ERR_DAEMON_STOP_TIMEOUT',
  'ERR_DAEMON_PIDFILE',
  'ERR_DAEMON_UNVERIFIED',
  'ERR_DAEMON_INVALID_OPTION',
  'ERR_DAEMON_PERMISSION_DENIED',
  'ERR_DAEMON_UNSUPPORTED',
]

/**
 * Runs a program that tells lines of JSON on descriptor 3, each of which is given to `hear`. The program goes on when
 * that is done. Gives how it ended; a program that says nothing for too long is killed, and has `hung`.
 */
export async function heard([file, ...args], { mark, cwd, deadline = DEADLINE }, hear) {
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, [MARK]: mark },
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  })
  let hung = false
  let stderr = ''
  const giveUp = () => {
    hung = true
    kill(child.pid)
  }
  let timer = setTimeout(giveUp, deadline)
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  // It may have ended.
  child.stdin.on('error', () => {})
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ problem: error.message }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  createInterface({ input: child.stdio[3] }).on('line', (line) => {
    clearTimeout(timer)
    hear(JSON.parse(line))
    timer = setTimeout(giveUp, deadline)
    child.stdin.write('\n')
  })
  const how = await ended
  clearTimeout(timer)
  for (const stream of child.stdio) stream?.destroy()
  return { pid: child.pid, hung, stderr, ...how }
}

/** What a verb has given, in a few words. */
export function wordsOf({ hang, value, error }) {
  if (hang) return 'HANGS'
  if (error === undefined) return value?.state ?? 'done'
  const code = error.code?.replace(/^ERR_DAEMON_/, '') ?? error.name
  const why = error.cause ?? error.reason
  return why === undefined ? code : `${code} (${String(why).slice(0, 40)})`
}

const read = (path) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** A start that has failed has ended all that it has launched, or says that it could not. */
function* survivorsOf(verb, { code, message }, { known, mark }) {
  if (/could not be ended/.test(message)) return
  for (const pid of marked(mark, 'FAULT_DAEMON')) {
    if (!known.has(pid)) yield `${verb} has thrown ${code}, and left ${pid} (${commandOf(pid)}): ${message}`
  }
}

/**
 * What is wrong with what a verb has told.
 *
 * @param pidFile its path as this process sees it
 * @param known the PIDs of the daemons that are known; it is changed
 * @param mark what the daemons have in their environment as `FAULT_DAEMON`
 */
export function* problemsOf({ verb, hang, value, error, isTyped }, { pidFile, known, mark }) {
  if (hang) return yield `${verb} hangs`
  const begins = ['start', 'restart', 'daemonize', 'foreground'].includes(verb)
  if (error !== undefined) {
    if (!isTyped) yield `${verb} has thrown ${error.stack}`
    else if (!CODES.includes(error.code)) yield `${verb} has thrown the unknown code ${error.code}`
    if (begins) yield* survivorsOf(verb, error, { known, mark })
    return
  }
  if (begins) {
    if (isDead(value.pid)) yield `${verb} tells of ${value.pid}, which does not run`
    if (read(pidFile) !== `${value.pid}\n`) yield `${verb}: the pidfile has ${JSON.stringify(read(pidFile))}`
  }
  if (verb === 'restart' || verb === 'stop') {
    const left = [...known].filter((pid) => pid !== value.pid && !isDead(pid))
    if (left.length > 0) yield `${verb} has returned while ${left} lives`
    known.clear()
  }
  if (verb === 'status' && value.state === 'stopped') {
    const left = [...known].filter((pid) => !isDead(pid))
    if (left.length > 0) yield `status tells stopped while ${left} lives`
  }
  if (verb === 'status' && value.state === 'running' && isDead(value.pid)) {
    yield `status tells of ${value.pid}, which does not run`
  }
  if (value?.pid !== undefined) known.add(value.pid)
}
