/** Processes as /proc shows them: whose they are, what memory is theirs alone, and whether they are dead. */

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Every process that a peer makes, directly or not, inherits this variable: by it they are found again. */
export const MARK = 'DAIMON_BENCH_PEER'

const read = (pid, name) => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    // It has ended.
    return ''
  }
}

export function isDead(pid) {
  const text = read(pid, 'stat')
  return text === '' || /^[ZX]/.test(text.slice(text.lastIndexOf(')') + 2))
}

/** The PIDs of the living with this mark. */
export function marked(mark) {
  const has = (pid) => read(pid, 'environ').split('\0').includes(`${MARK}=${mark}`)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && has(name) && !isDead(name))
    .map(Number)
}

/** Memory that would be free if the process were not there, in MB. */
export function privateMemory(pid) {
  const parts = read(pid, 'smaps_rollup').matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)
  return [...parts].reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0) / 1024
}

/** Looks every millisecond until there is an answer. */
export async function until(look, what, within = 20_000) {
  const deadline = performance.now() + within
  for (;;) {
    const answer = look()
    if (answer) return answer
    if (performance.now() > deadline) throw new Error(`${what}: not within ${within / 1000} s`)
    await delay(1)
  }
}

export const untilDead = (pid) => until(() => isDead(pid), 'the end of the app')

const asleep = new Int32Array(new SharedArrayBuffer(4))

/** Kills them, and those that they make meanwhile: `list` gives who is left. It does not return before. */
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
