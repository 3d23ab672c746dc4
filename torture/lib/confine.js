/** The program that has chosen system calls refused, `crates/confine`. */

import { spawnSync } from 'node:child_process'
import { root } from '../../scripts/lib/run.js'
import { Unavailable } from './part.js'

/** Builds it, and gives its path. */
export function confine() {
  const cargo = ['build', '--quiet', '--package', 'daimon-confine', '--message-format', 'json']
  const { error, status, stdout, stderr } = spawnSync('cargo', cargo, { cwd: root, encoding: 'utf8' })
  if (error?.code === 'ENOENT') throw new Unavailable('there is no cargo to build confine')
  if (status !== 0) throw new Error(`confine cannot be built: ${error?.message ?? stderr}`)
  const path = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line).executable)
    .find(Boolean)
  const works = spawnSync(path, ['openat2=ENOSYS', '--', 'true'], { encoding: 'utf8' })
  if (works.status !== 0) throw new Unavailable(`confine does not work here: ${works.stderr}`)
  return path
}
