/** The report of a run: a table for each part, and all of it as JSON. */

import { writeFileSync } from 'node:fs'
import { markdown } from '../../bench/peers/table.js'

/** Rows as a table: a column for each key that a row has. */
function tableOf(rows) {
  const keys = [...new Set(rows.flatMap(Object.keys))]
  return markdown(
    keys,
    rows.map((row) => keys.map((key) => String(row[key] ?? ''))),
  )
}

/** The rows of a part as tables: rows whose first key is the same are of one table. */
function tablesOf(rows) {
  const tables = {}
  for (const row of rows) {
    const [first] = Object.keys(row)
    tables[first] ??= []
    tables[first].push(row)
  }
  return Object.values(tables).map(tableOf).join('\n\n')
}

/** The report of a part. */
export function textOf({ name, summary, columns, fails, seed, again, seconds, counts, rows, ...outcome }) {
  const { skipped, failures, failed } = outcome
  const all = Object.entries(counts).map(([what, count]) => `${count} ${what}`)
  return [
    `## ${name}: ${summary}`,
    '',
    `Seed ${seed}, ${seconds} s${all.length > 0 ? `: ${all.join(', ')}` : ''}. ${failed} failed.`,
    `A failure is: ${fails}.`,
    ...(rows.length > 0 ? ['', ...(columns === undefined ? [] : [columns, '']), tablesOf(rows)] : []),
    ...skipped.map((reason) => `\nskipped: ${reason}`),
    ...failures.map((text) => `\nfailed: ${text}\n(again: ${again})`),
    '',
  ].join('\n')
}

const operationsOf = (parts) => parts.reduce((sum, { counts }) => sum + (counts.operations ?? 0), 0)

/** Writes the report of the parts that are over to the file. @param isComplete whether these are all */
export function save(parts, { file, seed, version, isComplete }) {
  const about = {
    version,
    date: new Date().toISOString(),
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    seed,
    isComplete,
    operations: operationsOf(parts),
  }
  writeFileSync(file, `${JSON.stringify({ ...about, parts }, undefined, 2)}\n`)
}

/** Prints the report of the parts. */
export function report(parts, { file }) {
  for (const part of parts) console.log(textOf(part))
  const operations = operationsOf(parts)
  console.log(`${operations > 0 ? `${operations} operations; ` : ''}all of it is in ${file}`)
}
