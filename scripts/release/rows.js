// The table of `release:dry`: a row for each check of each thing.
import { stripVTControlCharacters } from 'node:util'

/** Makes every check; what one returns is shown, and so is what it throws, as a failure. */
export async function rowsOf(what, checks, ...facts) {
  const rows = []
  for (const [check, look] of Object.entries(checks)) {
    try {
      rows.push({ what, check, ok: true, shown: await look(...facts) })
    } catch (wrong) {
      rows.push({ what, check, ok: false, shown: String(wrong) })
    }
  }
  return rows
}

export function printTable(rows) {
  const width = (key) => Math.max(...rows.map((row) => row[key].length))
  const [what, check] = [width('what'), width('check')]
  for (const row of rows) {
    const shown = stripVTControlCharacters(row.shown).replaceAll('\n', `\n${' '.repeat(what + check + 10)}`)
    console.log(`${row.ok ? 'ok  ' : 'FAIL'}  ${row.what.padEnd(what)}  ${row.check.padEnd(check)}  ${shown}`)
  }
}
