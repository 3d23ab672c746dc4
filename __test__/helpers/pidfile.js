/** What the tests of the pidfile share. */

import { readFileSync, statSync } from 'node:fs'
import { Daemon } from '../../dist/index.js'
import { alive, fixture, until } from './index.js'

/** A Daemon whose body does nothing, under `a.pid`. */
export function idle(place, options = {}) {
  const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  return new Daemon({ pidFile: place.file('a.pid'), script, ...options })
}

/** A process that must survive: the PID is for pidfiles that must not be believed. */
export async function canary(place) {
  if (process.platform === 'win32') return place.spawn(['-e', 'setInterval(() => {}, 1e6)']).pid
  const { pid } = place.spawnCommand('sleep', ['1000'])
  // Before it has executed it is a copy of Node.
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n', 'the canary')
  return pid
}

/** A PID that no process has. */
export async function deadPid(place) {
  const { pid } = await place.node(['-e', ''])
  if (alive(pid)) throw new Error(`${pid} has been given again`)
  return pid
}

/**
 * A process that is no daemon holds the flock on the files; as cron does, it may `write` its PID. With `posix` and
 * `read` it does so too, and the lock is one of POSIX, on the whole file, for writing or for reading. Gives its PID.
 */
export async function hold(place, files, mode = 'keep') {
  const holder = place.spawnCommand('python3', [fixture('helpers/holds.py'), mode, ...files])
  await until(() => holder.output().stdout === 'held\n', 'the holder of the lock')
  return holder.pid
}

/** The POSIX write locks that a process has on a file, by the first and the last byte of each, proc_locks(5). */
export function locks(path, pid) {
  const line = RegExp(`POSIX +ADVISORY +WRITE +${pid} \\S+:${statSync(path).ino} (\\d+ \\w+)$`, 'gm')
  const found = readFileSync('/proc/locks', 'utf8').matchAll(line)
  return [...found].map(([, bytes]) => bytes).sort()
}
