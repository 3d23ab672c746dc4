/** Judges the logs of `programs/writer.cjs`. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The oldest first: log.9, log.8, …, log. */
const age = (name) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0)

/** Lines are numbered by each daemon: none is missing, none is there twice, and the last says how many there are. */
export function* problemsOfLogs(folder) {
  const counts = new Map()
  const files = readdirSync(folder).filter((name) => /^log(?:\.\d+)?$/.test(name))
  for (const name of files.sort((a, b) => age(b) - age(a))) {
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1)) {
      const [, pid, isEnd, number] = /^(\d+) (end )?(\d+)$/.exec(line) ?? []
      if (pid === undefined) continue
      const before = counts.get(pid) ?? 0
      const expected = isEnd ? before : before + 1
      if (Number(number) !== expected) yield `in ${name} '${line}' comes after line ${before}`
      counts.set(pid, Number(number))
    }
  }
}
