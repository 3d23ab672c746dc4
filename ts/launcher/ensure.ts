/** Makes sure that a daemon is ready, and starts it if it does not run. Runs in any process. */

import { servingStatus, status } from '../control/status.js'
import { AlreadyRunningError } from '../errors.js'
import type { Settings } from '../options/settings.js'
import type { Running } from '../types/status.js'
import { reach } from './connect.js'
import { Patience } from './patience.js'
import type { Args } from './preflight.js'
import { start } from './start.js'
import { notReady } from './unreached.js'

/**
 * The daemon, ready; started if it does not run.
 *
 * @throws ReadyTimeoutError and those of a start; the reason of `settings.signal`
 */
export async function ensure(settings: Settings, args: Args): Promise<Running> {
  const { socket, version } = settings
  if (socket === undefined || version === undefined) return await ensureAny(settings, args)
  for (;;) {
    // Only the hello tells the version.
    const connection = await reach({ settings, socket, args })
    const { pid } = connection
    connection.release()
    const present = await status(settings.pidFile)
    if (present.state === 'running' && present.pid === pid && present.stopping !== true) return present
  }
}

async function ensureAny(settings: Settings, args: Args): Promise<Running> {
  const { pidFile, signal } = settings
  const patience = new Patience(settings)
  for (;;) {
    signal?.throwIfAborted()
    const present = await servingStatus(pidFile, patience.left, signal)
    if (present.state === 'running' && present.stopping === true) {
      await patience.untilGone(present.pid)
    } else if (present.state === 'running') {
      if (present.starting !== true) return present
      throw notReady(settings, present.pid)
    } else {
      try {
        return await start(settings, args)
      } catch (error) {
        if (!(error instanceof AlreadyRunningError) || patience.left === 0) throw error
      }
    }
  }
}
