/** What the tests of the life of a daemon on Windows share. They hold on Unix, too. */

import { existsSync } from 'node:fs'
import { Daemon } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { fixture } from './index.js'

/** The Daemon of `a.pid`, for control. */
export const control = (place, options) => new Daemon({ pidFile: place.file('a.pid'), ...options })

/** The one of fixtures/body.js. */
export const bodied = (place, options) => body({ pidFile: place.file('a.pid'), ...options })

/** A script that listens to these signals, and writes into the file `heard`. */
export const hears = (place, kind, scriptArgs = [], options = {}) => {
  const script = fixture(`windows/hears.${kind}`)
  return control(place, { script, scriptArgs, cwd: place.path, ...options })
}

/** A daemon's pipe for its whole life, named by its pidfile: by volume and number of the file. */
export const TAG = /^daimon-[0-9a-f]{8}-[0-9a-f]{32}$/

export const STOPPED = { state: 'stopped', stale: false }

/** It has ended: no process, no pidfile, and the next start works. */
export async function hasEnded(t, place) {
  t.deepEqual(place.processes(), [])
  t.false(existsSync(place.file('a.pid')))
  const next = hears(place, 'cjs')
  t.like(await next.status(), STOPPED)
  t.like(await next.start(), { state: 'running' })
  t.like(await next.stop(), { ...STOPPED, wasRunning: true, forced: false })
}
