/** What the tests of failed starts share. */

import { Daemon, StartFailedError } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { idle } from './pidfile.js'

/** Nothing is left: no process, no pidfile, no lock, and the next start works. */
export async function nothingLeft(t, place) {
  t.deepEqual(place.processes(), [])
  const daemon = idle(place)
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: place.file('a.pid'), stale: false })
  const { pid } = await daemon.start()
  t.deepEqual(place.processes(), [pid])
  await daemon.stop()
}

/** How the start of such a daemon fails. */
export async function failure(t, place, options, ...args) {
  const daemon =
    'script' in options
      ? new Daemon({ pidFile: place.file('a.pid'), ...options })
      : body({ pidFile: place.file('a.pid'), ...options })
  const error = await t.throwsAsync(daemon.start(...args), { instanceOf: StartFailedError })
  t.like(error, { code: 'ERR_DAEMON_START_FAILED', step: 'ready', pidFile: place.file('a.pid') })
  await nothingLeft(t, place)
  return error
}
