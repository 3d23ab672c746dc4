/** Many daemons at once: their names, their start, and the command that looks at all of them. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Daemon } from '../dist/index.js'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const run = promisify(execFile)

/** Starts at the same time. More would only wait for a processor. */
const TOGETHER = 4

export const nameOf = (index) => `d${index}`

/** Starts so many daemons in the folder DAIMON_HOME, and gives their PIDs. */
export async function startAll(count) {
  const pids = []
  const indexes = Array.from({ length: count }, (_, index) => index).values()
  const record = join(process.env.DAIMON_HOME, 'record')
  const starter = async () => {
    for (const index of indexes) {
      const daemon = new Daemon({
        name: nameOf(index),
        script: here('peers/app.cjs'),
        scriptArgs: ['0', record, 'plain'],
      })
      pids.push((await daemon.start()).pid)
    }
  }
  await Promise.all(Array.from({ length: TOGETHER }, starter))
  return pids
}

/** The command line. */
export const daimon = (...args) =>
  run(process.execPath, [here('../dist/bin.js'), ...args], { maxBuffer: 2 ** 26 })
