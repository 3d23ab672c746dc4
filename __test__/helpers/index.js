/** A folder for a test, the processes that belong to it, and waits for events. */

import { spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { release, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { exists, notes, ON_WINDOWS, removed } from './windows-processes.js'

/** Every process of a test inherits this variable: by it, and by nothing else, they are found again. */
const MARK = 'TEST_FOLDER'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** The package as a test program imports it. */
export const DAIMON = new URL('../../dist/index.js', import.meta.url).href

export const fixture = (name) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/**
 * A folder of the test's own. At its end every process that was started from it is killed, by PID, and the folder
 * removed; whatever the test itself expected to be gone it asserts itself, with `processes()`.
 */
export function folder(t) {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'daimon-test-')))
  const noted = ON_WINDOWS ? notes() : undefined
  const processes = () => noted?.pids() ?? processesOf(path)
  const restore = setVariables({ [MARK]: path, ...noted?.env })
  t.teardown(async () => {
    // Until none is left: one of them may be about to make another.
    for (let left = processes(); left.length > 0; left = processes()) {
      for (const pid of left) kill(pid)
      // Windows ends a process a while after the call.
      if (ON_WINDOWS) await delay(5)
    }
    if (ON_WINDOWS) await removed(path)
    else rmSync(path, { recursive: true, force: true })
    await noted?.remove()
    restore()
  })
  return {
    path,
    file: (name) => join(path, name),
    /** Writes a program (or any file) into the folder and gives its path. `DAIMON` in it becomes the package's URL. */
    write(name, text) {
      mkdirSync(dirname(join(path, name)), { recursive: true })
      writeFileSync(join(path, name), text.replaceAll('"DAIMON"', JSON.stringify(DAIMON)))
      return join(path, name)
    },
    rename: (name, other) => renameSync(join(path, name), join(path, other)),
    read: (name) => readFileSync(join(path, name), 'utf8'),
    /** PIDs of all processes that were started for this test and live, but those that the test's own process is. */
    processes,
    /** Runs Node to its end: `{ code, signal, stdout, stderr, pid }`. */
    node: (args, options) => finished(start(path, process.execPath, args, options)),
    /** Starts Node: `{ child, pid, done, output() }`. */
    spawn: (args, options) => start(path, process.execPath, args, options),
    command: (file, args, options) => finished(start(path, file, args, options)),
    spawnCommand: (file, args, options) => start(path, file, args, options),
  }
}

/** Sets variables of this process, and gives what sets them back. */
function setVariables(variables) {
  const before = Object.keys(variables).map((name) => [name, process.env[name]])
  Object.assign(process.env, variables)
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

function start(path, file, args, { env, cwd = path, ...options } = {}) {
  const child = spawn(file, args, { cwd, env: { ...process.env, [MARK]: path, ...env }, ...options })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name]?.setEncoding('utf8').on('data', (text) => {
      output[name] += text
    })
  }
  const done = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, pid: child.pid, ...output }))
  })
  return { child, pid: child.pid, done, output: () => output }
}

const finished = ({ done }) => done

function processesOf(path) {
  const mark = `${MARK}=${path}`
  const isMarked = (pid) => read(`/proc/${pid}/environ`).split('\0').includes(mark)
  // A keeper has none of the variables; its argument is the pidfile.
  const isKeeper = (pid) => {
    const [name, pidFile = ''] = read(`/proc/${pid}/cmdline`).split('\0')
    return name === 'daimon-keeper' && pidFile.startsWith(`${path}/`)
  }
  const ours = (pid) => (isMarked(pid) || isKeeper(pid)) && alive(pid)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && ours(name))
    .map(Number)
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export function kill(pid, signal = 'SIGKILL') {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** What /proc/PID/stat says, proc_pid_stat(5); undefined when there is no such process. */
export function stat(pid) {
  const text = read(`/proc/${pid}/stat`)
  if (text === '') return undefined
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [ppid, pgrp, session, tty] = fields.map(Number)
  return { state, ppid, pgrp, session, tty, threads: Number(fields[16]) }
}

/**
 * Whether the process exists and is no zombie. One whose first thread has ended looks like a zombie while the others
 * still hold its descriptors, and with them its lock.
 */
export function alive(pid) {
  if (ON_WINDOWS) return exists(pid)
  const found = stat(pid)
  return found !== undefined && (!['Z', 'X'].includes(found.state) || found.threads > 1)
}

/** Waits until `ask` gives something truthy, and gives that; fails when it takes too long. */
export async function until(ask, what = String(ask), timeout = 30_000) {
  const end = Date.now() + timeout
  for (;;) {
    const found = await ask()
    if (found) return found
    if (Date.now() > end) throw new Error(`timed out: ${what}`)
    await delay(5)
  }
}

/** Long enough for a daemon to begin while the machine is as busy as now, in milliseconds: `least` or more. */
export async function longEnough(place, least) {
  const begun = performance.now()
  await place.node(['--input-type=module', '-e', `import ${JSON.stringify(DAIMON)}`])
  return Math.max(least, Math.ceil(15 * (performance.now() - begun)))
}

/** What the file holds, or undefined when there is none. */
export function content(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Whether no signal is pending for the process, and each of its threads sleeps. */
export function isAtRest(pid) {
  const tasks = `/proc/${pid}/task`
  const texts = readdirSync(tasks).map((id) => content(`${tasks}/${id}/status`) ?? '')
  const isPending = texts.some((text) => /^(Sig|Shd)Pnd:.*[1-9a-f]/m.test(text))
  return !isPending && texts.every((text) => /^State:\s+[SZX]/m.test(text))
}

/** The threads of that name that a process has: what a test cannot see of a wait, it sees there. */
export function threadIds(name, pid = 'self') {
  const tasks = `/proc/${pid}/task`
  return readdirSync(tasks).filter((id) => read(`${tasks}/${id}/comm`) === `${name}\n`)
}

/** How many they are. */
export const threads = (name, pid) => threadIds(name, pid).length

/** Whether this runs under qemu-user, where a process takes a second and more to begin. */
export const EMULATED = Boolean(process.env.TEST_EMULATED)

const [major, minor] = release().split('.').map(Number)
/** Whether the kernel tells how a process ended that is no child of ours: PIDFD_GET_INFO, since Linux 6.15. */
export const KERNEL_TELLS = process.platform === 'linux' && (major > 6 || (major === 6 && minor >= 15))

/** Whether the exit code of such a process is told: Windows tells it of any. */
export const TELLS_CODES = KERNEL_TELLS || ON_WINDOWS

/**
 * Below the ports that systems choose themselves (Linux: from 32,768 on), of which a connection of another test could
 * get any meanwhile. Each process of tests begins elsewhere.
 */
const PORTS = { lowest: 20_000, count: 12_000 }
let nextPort = process.pid * 101

/** A TCP port that nobody listens on. */
export async function freePort() {
  for (;;) {
    const port = PORTS.lowest + (nextPort++ % PORTS.count)
    const server = createServer()
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false)).listen(port, () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
