// The table of `release:dry`, with a row for each check of each binary or package.
import { stripVTControlCharacters } from 'node:util'

/** Makes all checks. A row shows the text that its check returns, or as a failure the text that it throws. */
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
