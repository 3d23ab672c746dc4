/**
 * Leaks: one process starts and stops daemons thousands of times, and nothing grows. And between clone and exec the
 * children of a launch make the system calls of their list alone.
 */

import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { FIRST, launchesIn, SECOND, strangersIn } from './lib/between.js'
import { missing } from './lib/needs.js'
import { FACADE, program } from './lib/programs.js'
import { endOf } from './lib/within.js'

const LANES = 4
/** How long the last rounds may take when the time is up, in milliseconds. */
const HANG = 60_000
const ROUNDS = 2_000
/** So many samples, a batch of rounds each, are no measure yet: caches and the heap of JavaScript are filled. */
const WARM_UP = 4
/** The samples at the beginning and at the end whose medians are compared. */
const WINDOW = 6

/** How much more there may be at the end: nothing. Of memory, in MB, less than a kilobyte or two for each round. */
const BOUNDS = { descriptors: 0, threads: 0, children: 0, files: 0, heap: 1, native: 3 }

const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

async function rounds({ folder, random, seconds, note, count, fail }, facade) {
  const place = join(folder, 'rounds')
  mkdirSync(place)
  // No program, though it may be executed.
  writeFileSync(join(place, 'broken'), '\x7fELF')
  chmodSync(join(place, 'broken'), 0o755)
  const settings = JSON.stringify({ facade, folder: place, lanes: LANES, rounds: ROUNDS })
  const child = spawn(
    process.execPath,
    ['--expose-gc', program('rounds.mjs'), String(random.seed()), settings],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  )
  const samples = []
  child.on('message', (sample) => samples.push(sample))
  const timer = setTimeout(() => child.connected && child.send('over'), seconds * 1000)
  const end = await endOf(child, HANG, delay(seconds * 1000, undefined, { ref: false }))
  clearTimeout(timer)
  if (end !== 0) fail(`the process of the rounds has ended with ${end}`)
  count('rounds', samples.at(-1)?.done ?? 0)
  count('operations', 2 * (samples.at(-1)?.done ?? 0))
  judge(samples.slice(WARM_UP), { note, fail })
}

function judge(samples, { note, fail }) {
  if (samples.length < 2) return fail(`there are only ${samples.length} samples: give more seconds`)
  const size = Math.min(WINDOW, Math.floor(samples.length / 2))
  for (const [what, bound] of Object.entries(BOUNDS)) {
    const of = (some) => middle(some.map((sample) => sample[what]))
    const [first, last] = [of(samples.slice(0, size)), of(samples.slice(-size))]
    note({ what, first: Math.round(first * 10) / 10, last: Math.round(last * 10) / 10, bound: `+${bound}` })
    if (last > first + bound) fail(`${what}: ${first} at the beginning, ${last} at the end`)
  }
}

async function traced({ folder, note, fail, skip }, facade) {
  const lacks = missing(['strace'])
  if (lacks.length > 0) return skip(`the calls between clone and exec: no ${lacks} here`)
  const [place, traces] = [join(folder, 'traced'), join(folder, 'traces')]
  for (const path of [place, traces]) mkdirSync(path)
  const command = [
    '-ff',
    '-qq',
    '-o',
    join(traces, 'trace'),
    process.execPath,
    program('launches.mjs'),
    facade,
    place,
  ]
  const end = await endOf(spawn('strace', command, { stdio: 'ignore' }), HANG)
  if (end !== 0) fail(`the traced launches have ended with ${end}`)
  const launches = launchesIn(traces)
  if (launches.length !== 3) fail(`the trace has ${launches.length} launches, not 3`)
  for (const text of strangersIn(launches)) fail(text)
  const called = (child) => [...new Set(launches.flatMap((launch) => launch[child]))].sort().join(', ')
  note({ what: `calls of the first child, ${FIRST.length} allowed`, first: called('first') })
  note({ what: `calls of the second child, ${SECOND.length} allowed`, first: called('second') })
}

export async function runLeaks(context, facade = FACADE) {
  await traced(context, facade)
  await rounds(context, facade)
}

export const leaks = {
  name: 'leaks',
  summary: `one process starts and stops up to ${ROUNDS} times, and nothing grows`,
  columns:
    'First and last: at the beginning and at the end; bound: how much more there may be. Memory in MB.',
  fails: 'more than the bound at the end, a system call between clone and exec that is not on its list',
  run: (context) => runLeaks(context),
}
