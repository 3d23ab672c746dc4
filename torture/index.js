/**
 * `npm run torture -- [--seconds N] [--seed S] [--only NAME]… [--daemons N] [--out FILE]`: proves daimon's promises
 * under fire. Prints tables for each part, and writes all of it to `torture-report.json`. The last line has the
 * counts: a part without a failure has passed, one that has left something out counts as skipped.
 */

import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { close, failure } from '../scripts/lib/counts.js'
import { root } from '../scripts/lib/run.js'
import { runPart } from './lib/part.js'
import { report } from './lib/report.js'
import { PARTS } from './parts.js'

/** So many calm parts run at the same time. */
const CALM_TOGETHER = 2

const USAGE = `usage: npm run torture -- [--seconds N] [--seed S] [--only NAME]… [--daemons N] [--out FILE]
  --seconds  how long each part that goes on by itself may take (60)
  --seed     the seed of all that is random (a random one)
  --only     one part alone; may be given again
  --daemons  how many daemons the part scale starts (50)
  --out      where the report goes (torture-report.json)

parts:
${PARTS.map(({ name, summary }) => `  ${name.padEnd(9)}  ${summary}`).join('\n')}`

function options() {
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      seconds: text,
      seed: text,
      daemons: text,
      out: text,
      only: { ...text, multiple: true, default: [] },
    },
  })
  if (values.help) return undefined
  const whole = (name, value) => {
    if (!/^\d{1,10}$/.test(value)) throw new Error(`--${name} takes a whole number, not '${value}'`)
    return Number(value)
  }
  const unknown = values.only.find((one) => !PARTS.some(({ name }) => name === one))
  if (unknown !== undefined) throw new Error(`there is no part '${unknown}'`)
  const file = resolve(values.out ?? 'torture-report.json')
  if (!existsSync(dirname(file))) throw new Error(`--out: there is no folder ${dirname(file)}`)
  return {
    seconds: whole('seconds', values.seconds ?? '60'),
    seed: whole('seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 32))),
    daemons: whole('daemons', values.daemons ?? '50'),
    file,
    parts: PARTS.filter(({ name }) => values.only.length === 0 || values.only.includes(name)),
  }
}

async function torture({ seconds, seed, daemons, file, parts }) {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const results = new Map()
  const runOne = async (part) => {
    console.log(`-- ${part.name} (seed ${seed})`)
    results.set(part, await runPart(part, { seed, seconds, daemons }))
  }
  for (const part of parts.filter(({ isCalm }) => !isCalm)) await runOne(part)
  const calm = parts.filter(({ isCalm }) => isCalm).values()
  const worker = async () => {
    for (const part of calm) await runOne(part)
  }
  await Promise.all(Array.from({ length: CALM_TOGETHER }, worker))
  console.log('')
  const all = parts.map((part) => results.get(part))
  report(all, { file, seed, version })
  const failed = all.filter((one) => one.failed > 0).length
  const skipped = all.filter((one) => one.failed === 0 && one.skipped.length > 0).length
  close({ passed: all.length - failed - skipped, failed, skipped })
}

let chosen
try {
  chosen = options()
  if (chosen === undefined) console.log(USAGE)
} catch (error) {
  console.error(`torture: ${error.message}\n${USAGE}`)
  close(failure)
}
if (chosen !== undefined) await torture(chosen)
