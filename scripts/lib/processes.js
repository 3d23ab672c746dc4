/** Looks into /proc: the processes that a run has marked, their private memory, their end. */

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

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
  const text = read(pid, 'stat')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return text === '' || (/^[ZX]/.test(fields[0]) && Number(fields[17]) <= 1)
}

/** The PIDs of the living processes with this mark, by the variable that has it. */
export function marked(mark, variable = MARK) {
  const has = (pid) => read(pid, 'environ').split('\0').includes(`${variable}=${mark}`)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && has(name) && !isDead(name))
    .map(Number)
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

/** Kills the processes of `list()` until it is empty. Synchronous. */
export function killAll(list) {
  for (let left = list(); left.length > 0; left = list()) {
    for (const pid of left) kill(pid)
    Atomics.wait(asleep, 0, 0, 5)
  }
}

export function kill(pid, signal = 'SIGKILL') {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
