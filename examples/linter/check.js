/** What the linter complains of. It remembers files that have not changed: that is why it has an engine. */

import { readFile, stat } from 'node:fs/promises'

const RULES = [
  ['more than 100 columns', (line) => line.length > 100],
  ['white space at the end', (line) => /\s$/.test(line)],
  ['var', (line) => /\bvar\b/.test(line)],
]

const known = new Map()

/** The problems of a file, and whether they were known before. */
export async function check(file) {
  const { mtimeMs, size } = await stat(file)
  const before = known.get(file)
  if (before?.mtimeMs === mtimeMs && before.size === size) return { problems: before.problems, known: true }
  const problems = []
  for (const [index, line] of (await readFile(file, 'utf8')).split('\n').entries()) {
    for (const [what, isBroken] of RULES) if (isBroken(line)) problems.push(`${index + 1}: ${what}`)
  }
  known.set(file, { mtimeMs, size, problems })
  return { problems, known: false }
}
