/** What the tests of rights share. Most of them need root, and say so where they are skipped. */

import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { fixture, folder } from './index.js'
import { needs } from './needs.js'

/** A script that writes what it sees of its rights. */
export const RIGHTS = fixture('inside/rights.cjs')

/** What a wrong option is refused with. */
export const OPTION = { code: 'ERR_DAEMON_INVALID_OPTION' }

/** The system's own word for ids: of the user `nobody`, whom every Linux has. */
export function nobody() {
  const [, , uid, gid, , home, shell] = readFileSync('/etc/passwd', 'utf8')
    .match(/^nobody:.*$/m)[0]
    .split(':')
  const groups = spawnSync('id', ['-G', 'nobody'], { encoding: 'utf8' }).stdout.trim().split(' ')
  return { uid, gid, groups: groups.sort(), home, shell }
}

/** A folder into which anybody may write, as its way there allows. */
export function open(t) {
  const place = folder(t)
  chmodSync(place.path, 0o1777)
  return place
}

/** A test that needs root. */
export const root = needs('root', 'processor of its own')
