/** The report of a run: a table for each part, and all of it as JSON. */

import { writeFileSync } from 'node:fs'
import { markdown } from '../../bench/peers/table.js'

/** The rows of a part as a table: a column for each key that a row has. */
function tableOf(rows) {
  const keys = [...new Set(rows.flatMap(Object.keys))]
  return markdown(
    keys,
    rows.map((row) => keys.map((key) => String(row[key] ?? ''))),
  )
}

function textOf({ name, summary, seed, share, seconds, counts, rows, skipped, failures, failed }) {
  const all = Object.entries(counts).map(([what, count]) => `${count} ${what}`)
  return [
    `## ${name}: ${summary}`,
    '',
    `Seed ${seed}, ${seconds} s${all.length > 0 ? `: ${all.join(', ')}` : ''}. ${failed} failed.`,
    ...(rows.length > 0 ? ['', tableOf(rows)] : []),
    ...skipped.map((reason) => `\nskipped: ${reason}`),
    ...failures.map(
      (text) =>
        `\nfailed: ${text}\n(again: npm run torture -- --only ${name} --seed ${seed} --seconds ${share})`,
    ),
    '',
  ].join('\n')
}

/** Prints the report of the parts, and writes it to the file. */
export function report(parts, { file, seed, version }) {
  for (const part of parts) console.log(textOf(part))
  const operations = parts.reduce((sum, { counts }) => sum + (counts.operations ?? 0), 0)
  const about = {
    version,
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    seed,
    operations,
  }
  writeFileSync(file, `${JSON.stringify({ ...about, parts }, undefined, 2)}\n`)
  console.log(`${operations} operations; all of it is in ${file}`)
}
