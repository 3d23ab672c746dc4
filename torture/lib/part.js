/** What a part of the torture is given, and what it leaves for the report. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from '../../scripts/lib/at-end.js'
import { killAll, MARK, marked } from '../../scripts/lib/processes.js'
import { randomOf } from './random.js'

/** A part cannot be run on this machine. It is skipped by name, with the reason. */
export class Unavailable extends Error {}

/** How many failures are kept; more are only counted. */
const MOST_FAILURES = 20

/** What a part leaves behind is ended by its mark, and removed. Gives what undoes it. */
function marking(folder, isCalm) {
  const remove = () => rmSync(folder, { recursive: true, force: true })
  if (isCalm) return remove
  const before = process.env[MARK]
  process.env[MARK] = folder
  return () => {
    killAll(() => marked(folder))
    remove()
    if (before === undefined) delete process.env[MARK]
    else process.env[MARK] = before
  }
}

/** The command that makes a part run in the same way. */
function commandOf(name, { seed, seconds, daemons }) {
  const more = name === 'scale' ? ` --daemons ${daemons}` : ''
  return `npm run torture -- --only ${name} --seed ${seed} --seconds ${seconds}${more}`
}

/** The place of a part in the report, before it has run. */
function emptyResult({ name, summary, columns, fails }, options) {
  return {
    name,
    summary,
    columns,
    fails,
    seed: options.seed,
    again: commandOf(name, options),
    rows: [],
    counts: {},
    failures: [],
    failed: 0,
    skipped: [],
  }
}

/**
 * Runs a part in a folder of its own. What it starts inherits the folder's mark; when it is over, every process with
 * that mark is ended, and the folder removed. Gives the part's place in the report.
 *
 * @param part `{ name, summary, columns, fails, run, isCalm }`: `columns` says how to read its tables, `fails` what it
 * takes for a failure; a calm part starts nothing but compilers and the like, and may be run beside another one
 * @param options seed, seconds (for a part that goes on as long as it is let), daemons (for the part scale)
 */
export async function runPart(part, options) {
  const { name, run, isCalm = false } = part
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `daimon-torture-${name}-`)))
  const tidy = atEnd(marking(folder, isCalm))
  const result = emptyResult(part, options)
  const fail = (text) => {
    result.failed++
    console.log(`   failed: ${text}`)
    if (result.failures.length < MOST_FAILURES) result.failures.push(text)
  }
  const begun = performance.now()
  try {
    await run({
      ...options,
      random: randomOf(options.seed),
      folder,
      note: (row) => result.rows.push(row),
      count: (what, more = 1) => {
        result.counts[what] = (result.counts[what] ?? 0) + more
      },
      fail,
      skip: (reason) => result.skipped.push(reason),
    })
  } catch (error) {
    if (error instanceof Unavailable) result.skipped.push(error.message)
    else fail(error.stack ?? String(error))
  }
  tidy()
  result.seconds = Math.round((performance.now() - begun) / 1000)
  return result
}
