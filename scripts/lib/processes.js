/** Looks into /proc: the processes that a run has marked, their private memory, their end. */

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { statOf } from './stat.cjs'

/** The variable that all processes of a run inherit, by which they are found again. */
export const MARK = 'MARK_OF_RUN'

const read = (pid, name) => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    // It has ended.
    return ''
  }
}

/** The first thread shows as a zombie as soon as it has ended itself; the process is dead when all have. */
export function isDead(pid) {
  const stat = statOf(pid)
  return stat === undefined || (/^[ZX]/.test(stat.state) && stat.threads <= 1)
}

/**
 * Whether a process is ending, or has ended: it runs no code of its own any more. The kernel takes all its descriptors
 * from it first, and then closes them one by one, which can take long.
 */
export function isEnding(pid) {
  try {
    return isDead(pid) || readdirSync(`/proc/${pid}/fd`).length === 0
  } catch (error) {
    return error.code === 'ENOENT'
  }
}

/** When it began, in ticks since boot; undefined if there is no such process. */
export const bornOf = (pid) => statOf(pid)?.born

/** Its command line, for people. */
export const commandOf = (pid) => read(pid, 'cmdline').split('\0').join(' ').trim()

/** Whether a process has this mark, by the variable that has it. */
export const isMarked = (pid, mark, variable = MARK) =>
  read(pid, 'environ').split('\0').includes(`${variable}=${mark}`)

/** Whether a process is a keeper, which has no variables, of a pidfile in that folder; or is about to be its body. */
export function isKeeperIn(folder, pid) {
  const [name, pidFile = ''] = read(pid, 'cmdline').split('\0')
  return name === 'daimon-keeper' && pidFile.startsWith(`${folder}/`)
}

/** The PIDs of all processes. */
export const allPids = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/** The PIDs of the living processes with this mark; where it is a folder, also of the keepers there. */
export function marked(mark, variable = MARK) {
  return allPids().filter((pid) => (isMarked(pid, mark, variable) || isKeeperIn(mark, pid)) && !isDead(pid))
}

/** The private memory of a process, in MB. */
export function privateMemory(pid) {
  const parts = read(pid, 'smaps_rollup').matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)
  return [...parts].reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0) / 1024
}

/** Calls `look` every millisecond until it gives something true, and gives that. */
export async function until(look, what, within = 20_000) {
  const deadline = performance.now() + within
  for (;;) {
    const answer = look()
    if (answer) return answer
    if (performance.now() > deadline) throw new Error(`${what}: not within ${within / 1000} s`)
    await delay(1)
  }
}

export const untilDead = (pid) => until(() => isDead(pid), 'the end of a process')

const asleep = new Int32Array(new SharedArrayBuffer(4))

/**
 * Kills the processes of `list()` until it is empty twice: a look into /proc goes from one process to the next, and
 * misses one that another makes behind it. Synchronous.
 */
export function killAll(list) {
  for (let empty = 0; empty < 2; ) {
    const left = list()
    for (const pid of left) kill(pid)
    empty = left.length > 0 ? 0 : empty + 1
    if (left.length > 0) Atomics.wait(asleep, 0, 0, 5)
  }
}

export function kill(pid, signal = 'SIGKILL') {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
