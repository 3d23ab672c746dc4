/**
 * Keepers: each is killed, or stopped while its counterpart is killed, at each step, and at random times, while
 * programs are replaced and clients load them. No body outlives its keeper, and nothing is left. Without a kill no
 * client notices anything.
 */

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { killAll, marked } from '../scripts/lib/processes.js'
import { upgradesUnderLoad } from './keeper/calm.js'
import { breakRules } from './keeper/mutants.js'
import { randomRound } from './keeper/random.js'
import { jobs, stepRound } from './keeper/steps.js'
import { seamsFacade } from './lib/build.js'
import { ROUND } from './lib/keeper.js'
import { FACADE } from './lib/programs.js'

/** Rounds at the same time. */
const TOGETHER = 3

const together = (worker) => Promise.all(Array.from({ length: TOGETHER }, worker))

async function run(context) {
  const { seconds, folder, random, note, count, fail } = context
  let number = 0
  /** A round in a folder of its own; what it leaves is ended. */
  const inFolder = async (what, round) => {
    const own = join(folder, `round-${number++}`)
    mkdirSync(own)
    try {
      return await round({ folder: own, random, fail: (text) => fail(`${what}: ${text}`) })
    } catch (error) {
      fail(`${what}: ${error.stack}`)
      return undefined
    } finally {
      killAll(() => marked(own, ROUND))
      rmSync(own, { recursive: true, force: true })
    }
  }
  await inFolder('upgrades under load', (round) =>
    upgradesUnderLoad({ ...round, facade: FACADE, seconds: seconds / 2, note, count }),
  )
  const facade = await seamsFacade()
  await breakRules({ facade, inFolder, note, fail })
  const steps = jobs().values()
  const met = {}
  await together(async () => {
    for (const { step, phase, action } of steps) {
      const what = `${action} at ${step} (${phase})`
      await inFolder(what, (round) => stepRound({ ...round, facade, step, phase, action }))
      met[step] ??= { kill: 0, stop: 0 }
      met[step][action]++
      count('operations', 5)
    }
  })
  const end = performance.now() + (seconds / 2) * 1000
  await together(async () => {
    while (performance.now() < end) {
      const died = await inFolder('at random times', (round) => randomRound({ ...round, facade }))
      for (const who of died ?? []) count(`kills of a ${who} at a random time`)
      count('operations', 15)
    }
  })
  for (const [step, rounds] of Object.entries(met)) note({ step, ...rounds })
}

export const keeper = {
  name: 'keeper',
  summary: 'keepers and their bodies are killed at each step, while programs are replaced under load',
  columns:
    'Upgrades under load; each broken rule, and what was said of it; a row for each step (`seam`): kill: how often ' +
    'the process that got there was killed; stop: how often it was stopped, and its counterpart killed.',
  fails:
    'a request that is refused, reset or lost where nobody was killed; one that is refused while the keeper lives; ' +
    'a body that lives a second after its keeper; a lock that is free while a body lives; two keepers, or two bodies ' +
    'of one generation and instance; a start afterwards that does not work; a process or file that is left; a ' +
    'broken rule that is not seen',
  run,
}
