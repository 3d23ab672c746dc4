/**
 * `npm run torture -- [--seconds N] [--seed S] [--only NAME]… [--daemons N] [--out FILE]`: proves daimon's promises
 * under fire. Prints tables for each part, and writes all of it to `torture-report.json`. The last line has the
 * counts: a part without a failure has passed, one that has left something out counts as skipped. The exit code is 2
 * for a command line that is wrong.
 */

import { readFileSync } from 'node:fs'
import { atEnd } from '../scripts/lib/at-end.js'
import { close } from '../scripts/lib/counts.js'
import { killAll, marked } from '../scripts/lib/processes.js'
import { root } from '../scripts/lib/run.js'
import { optionsOf, usageOf } from './lib/options.js'
import { runPart } from './lib/part.js'
import { report, save } from './lib/report.js'
import { PARTS } from './parts.js'

/** So many calm parts run at the same time. */
const CALM_TOGETHER = 2

const NAMES = PARTS.map(({ name }) => name)

/** All that this run starts is ended with it, compilers and fuzzers, too. Parts mark what is theirs. */
function markRun() {
  process.env.TORTURE_RUN = `${process.pid}-${Date.now()}`
  atEnd(() => killAll(() => marked(process.env.TORTURE_RUN, 'TORTURE_RUN')))
}

async function torture({ seconds, seed, daemons, file, only }) {
  markRun()
  const parts = PARTS.filter(({ name }) => only.includes(name))
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const about = { file, seed, version }
  const results = new Map()
  const all = () => parts.filter((part) => results.has(part)).map((part) => results.get(part))
  const runOne = async (part) => {
    console.log(`-- ${part.name} (seed ${seed})`)
    results.set(part, await runPart(part, { seed, seconds, daemons }))
    save(all(), { ...about, isComplete: results.size === parts.length })
  }
  // The report of an earlier run is none of this one.
  save([], { ...about, isComplete: false })
  for (const part of parts.filter(({ isCalm }) => !isCalm)) await runOne(part)
  const calm = parts.filter(({ isCalm }) => isCalm).values()
  const worker = async () => {
    for (const part of calm) await runOne(part)
  }
  await Promise.all(Array.from({ length: CALM_TOGETHER }, worker))
  console.log('')
  report(all(), about)
  const failed = all().filter((one) => one.failed > 0).length
  const skipped = all().filter((one) => one.failed === 0 && one.skipped.length > 0).length
  close({ passed: results.size - failed - skipped, failed, skipped })
}

/** What the command line asks for; undefined if it is wrong, or asks for help, and that has been said. */
function asked() {
  try {
    const options = optionsOf(process.argv.slice(2), NAMES)
    if (!options.help) return options
    console.log(usageOf(PARTS))
  } catch (error) {
    console.error(`torture: ${error.message}\n${usageOf(PARTS)}`)
    process.exitCode = 2
  }
  return undefined
}

const options = asked()
if (options !== undefined) await torture(options)
