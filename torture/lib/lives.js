/** The lives of the processes that have had a pidfile, as the journal of its records has them. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The entries of the journal, in their order. */
export function entriesOf(records) {
  const path = join(records, 'journal')
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line))
}

/** The name of a life: `PID BORN`. */
export const keyOf = ({ pid, born }) => `${pid} ${born}`

/** The lives by their names; each has its entries by what they tell. */
export function livesOf({ records }) {
  const lives = new Map()
  for (const { what, pid, at, born, ...more } of entriesOf(records)) {
    const key = keyOf({ pid, born })
    const life = lives.get(key) ?? { pid, bornTick: born }
    lives.set(key, { ...life, [what]: { at, ...more } })
  }
  return lives
}

/** How many lines a body had written at least, by its own count. */
export function countedBy(records, key) {
  const path = join(records, `lines-${key.replace(' ', '-')}`)
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split('\n')[0]) : 0
}
