/** Clients that load a server, in a process of their own. */

import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import { program } from './programs.js'

/**
 * Begins a load; resolves when each kind of clients has been answered.
 *
 * @param settings `port` of 127.0.0.1, or `path`; `kinds`: names of `programs/load/kinds.mjs`; `rate`: of new
 * connections a second, for the kinds fresh and lines; `isTls`
 * @returns `{ pid, untilServedBy(pid), stop() }`; `untilServedBy` waits for an answer of that process; `stop` resolves
 * to `{ answers, errors, by, slowest, hangs }`: the number of answers, of errors by kind and code, of answers by the
 * PID in them, the longest time in ms, and whether something has not ended
 */
export async function loadOf({ rate = 200, ...settings }, env = process.env) {
  const args = [program('load.mjs'), JSON.stringify({ rate, ...settings })]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const over = new Promise((resolve) => child.once('close', resolve))
  const told = new EventEmitter()
  const lines = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    told.emit('line')
  })
  over.then(() => told.emit('line'))
  const untilTold = async (line) => {
    while (!lines.includes(line)) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the clients end without: ${line}`)
      await once(told, 'line')
    }
  }
  await untilTold('begun')
  return {
    pid: child.pid,
    untilServedBy: (pid) => untilTold(`by ${pid}`),
    async stop() {
      child.kill('SIGTERM')
      await over
      return outcomeOf(JSON.parse(lines.at(-1)))
    },
  }
}

function outcomeOf({ hangs, tallies }) {
  const outcome = { answers: 0, errors: {}, by: {}, slowest: 0, hangs }
  for (const [kind, { answers, errors, slowest, by }] of Object.entries(tallies)) {
    outcome.answers += answers
    outcome.slowest = Math.max(outcome.slowest, slowest)
    for (const [what, count] of Object.entries(errors)) outcome.errors[`${kind}: ${what}`] = count
    for (const [pid, count] of Object.entries(by)) outcome.by[pid] = (outcome.by[pid] ?? 0) + count
  }
  return outcome
}
