/**
 * System faults: starts, verbs and programs that become a daemon, where the system refuses, lacks or hides something.
 * Each outcome is success or a typed error, and nothing is left.
 */

import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { kill } from '../scripts/lib/processes.js'
import { Place, runFault } from './faults/scenarios.js'
import { FAULTS } from './faults/table.js'
import { Bystanders } from './lib/bystanders.js'
import { confine } from './lib/confine.js'
import { missing } from './lib/needs.js'
import { Unavailable } from './lib/part.js'
import { randomOf, shuffled } from './lib/random.js'

/** So many at the same time: each waits most of its time for a process to begin or to end. */
const TOGETHER = 4

/** In this time, in seconds, each fault is met by all who can: the launcher, others, and those that become a daemon. */
const THOROUGH = 120

/** The program of the filter, or undefined. */
function confined(skip) {
  try {
    return confine()
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    skip(error.message)
    return undefined
  }
}

/** Whether the machine has what the fault needs; what it lacks is told. */
function isPossible(fault, path, skip) {
  // That there is no filter has been told once, for all.
  const lacks = missing(fault.needs ?? [], { confine: path !== undefined })
  if (lacks.length > 0 && lacks[0] !== 'confine') skip(`${fault.name}: no ${lacks.join(', no ')} here`)
  return lacks.length === 0
}

async function meet(place, how, { note, count }) {
  try {
    for (const row of await runFault(place, how)) note(row)
    count('faults')
  } catch (error) {
    place.fail(error.stack)
  } finally {
    count('operations', place.operations)
    place.end()
  }
}

/** @param faults those to try: a shorter list, too */
export async function runFaults(context, faults = FAULTS) {
  const { folder, random, seconds, count, fail, skip } = context
  // Users enter it.
  chmodSync(folder, 0o755)
  const path = confined(skip)
  const until = performance.now() + seconds * 1000
  const bystanders = new Bystanders(4)
  // Each has a generator of its own: they run at the same time.
  const rest = shuffled(faults, random)
    .map((fault) => ({ fault, how: { few: seconds < THOROUGH, random: randomOf(random.seed()) } }))
    .entries()
  const worker = async () => {
    for (const [index, { fault, how }] of rest) {
      if (!isPossible(fault, path, skip)) continue
      if (performance.now() > until) count('faults not reached')
      else {
        const place = new Place(fault, { folder: join(folder, `${index}`), confine: path, fail })
        await meet(place, how, context)
      }
    }
  }
  await Promise.all(Array.from({ length: TOGETHER }, worker))
  bystanders.judge(fail)
  bystanders.end(kill)
}

export const faults = {
  name: 'faults',
  summary: 'what happens when the system refuses, lacks or hides something',
  columns:
    'A row is a fault and who meets it, a column what a verb told then. With few seconds not all are reached: ' +
    '--seconds 300 is enough for all.',
  fails: 'an error without a type, a verb that hangs, an answer that is not true, anything that is left',
  run: (context) => runFaults(context),
}
