/** Files that nobody may change, in a folder in which nobody may make any. */

import {
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const NOBODY = 65_534

const KINDS = {
  empty: ['', 0, 0o600],
  readable: ['', 0, 0o644],
  text: ['remember the milk\n', 0, 0o600],
  pid: [undefined, 0, 0o600],
  'a.pid': [undefined, 0, 0o600],
  'of-nobody': ['', NOBODY, 0o600],
  'pid-of-nobody': [undefined, NOBODY, 0o644],
}

function seen(path) {
  const { ino, mode, uid, gid, size, mtimeMs } = lstatSync(path)
  return JSON.stringify({ ino, mode, uid, gid, size, mtimeMs, text: readFileSync(path, 'latin1') })
}

/** @param pid what the files with a PID have */
export function canaries(folder, pid) {
  mkdirSync(folder)
  const names = Object.keys(KINDS)
  for (const [name, [text, user, mode]] of Object.entries(KINDS)) {
    const path = join(folder, name)
    writeFileSync(path, text ?? `${pid}\n`, { mode })
    chownSync(path, user, user)
    utimesSync(path, 1e9, 1e9)
  }
  const targets = names.map((name) => join(folder, name))
  const before = targets.map(seen)
  return {
    folder,
    targets,
    dangling: ['none', 'no/such/a.pid'].map((name) => join(folder, name)),
    judge(fail) {
      targets.forEach((path, index) => {
        if (seen(path) !== before[index]) fail(`${path} was ${before[index]}, and is ${seen(path)}`)
      })
      const more = readdirSync(folder).filter((name) => !names.includes(name))
      if (more.length > 0) fail(`in ${folder} there is ${more}`)
    },
  }
}
