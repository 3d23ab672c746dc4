/** What the tests of reading logs share. */

import { readdirSync, readlinkSync } from 'node:fs'
import { Daemon } from '../../dist/index.js'

/** A Daemon that need not run: its log is `a.log`. */
export const control = (place, options) =>
  new Daemon({ pidFile: place.file('a.pid'), log: place.file('a.log'), ...options })

/** All lines, as a list. */
export async function all(lines) {
  const seen = []
  for await (const line of lines) seen.push(line)
  return seen
}

/** What this process has open in the test's folder, and its watches. */
export const open = (place) =>
  readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`)
      } catch {
        return ''
      }
    })
    .filter((target) => target.startsWith(place.path))
