// When files have been changed.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The time of the latest change of a file below the paths, in ms; with `folders` also of a folder; 0 without files. */
export function latest(paths, folders = false) {
  const times = paths.map((path) => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0
    const inside = readdirSync(path).map((name) => join(path, name))
    return Math.max(folders ? stat.mtimeMs : 0, latest(inside, folders))
  })
  return Math.max(0, ...times)
}
