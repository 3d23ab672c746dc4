/** Numbers and tables for people. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `45.2 MB`. */
export function bytes(count: number): string {
  let value = count
  let unit = 0
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

const STEPS: readonly [unit: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
]

/** `3 d 4 h`, the two largest units; below a second `0.4 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${(milliseconds / 1_000).toFixed(1)} s`
  let left = Math.floor(milliseconds / 1_000)
  const parts: string[] = []
  for (const [unit, seconds] of STEPS) {
    const count = Math.floor(left / seconds)
    left %= seconds
    if (count > 0) parts.push(`${count} ${unit}`)
    else if (parts.length > 0) break
  }
  return parts.slice(0, 2).join(' ')
}

/** Columns as wide as they must be, two blanks apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length)
    })
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ')
  return rows.map(line).join('\n')
}
