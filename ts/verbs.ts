/**
 * What the verbs need beyond options and a look at a daemon: the rooms of the launcher, of the foreground, of the logs
 * and of the restart. A file of its own, `verbs.js`, which `late.ts` loads with the first such verb. Most of it runs
 * where this process is not the daemon; `alreadyThisProcess` and `beginRestart` run in the daemon.
 */

import { ownStatus, status } from './control/status.js'
import { stop } from './control/stop.js'
import { AlreadyRunningError, DaemonError } from './errors.js'
import {
  foreground,
  foregroundChecked,
  inForeground,
  keeperChecked,
  keeperInForeground,
} from './foreground/index.js'
import {
  type Args,
  type CheckedStart,
  checkPathsAgain,
  preflight,
  type StartRequest,
} from './launcher/preflight.js'
import { refuseBody } from './launcher/refusals.js'
import { detached, start, startChecked } from './launcher/start.js'
import type { Settings } from './options/settings.js'
import { addSentence } from './say.js'
import type { DaemonContext } from './types/context.js'
import type { Running } from './types/status.js'

export { withBodies } from './control/bodies.js'
export { foregroundInline } from './foreground/index.js'
export { alreadyThisProcess } from './foreground/refusals.js'
export { connect } from './launcher/connect.js'
export { ensure } from './launcher/ensure.js'
export { refuseArguments } from './launcher/refusals.js'
export { start } from './launcher/start.js'
export { upgrade } from './launcher/upgrade.js'
export { readLogs } from './logs/index.js'
export { beginRestart } from './restart/begin.js'

/** `start()`: detached, or with `detach: false` in this process. */
export async function begin(settings: Settings, args: Args): Promise<Running> {
  refuseBody(settings)
  if (settings.detach !== false) return await start(settings, args)
  await foreground(settings, args)
  return ownStatus(settings.pidFile)
}

/** `foreground()`. */
export async function become(settings: Settings, args: Args): Promise<DaemonContext> {
  refuseBody(settings, settings.keeper !== undefined)
  return await foreground(settings, args)
}

/** `restart()`. */
export async function replace(settings: Settings, args: Args): Promise<Running> {
  refuseBody(settings)
  if (settings.detach !== false) {
    return await replacing(settings, preflight(detached(settings, args), true), startChecked)
  }
  if (settings.keeper !== undefined) {
    return await replacing(settings, preflight(keeperInForeground(settings, args), true), keeperChecked)
  }
  await replacing(settings, preflight(inForeground(settings, args), true), foregroundChecked)
  return ownStatus(settings.pidFile)
}

/** Stops the daemon once the checks have found nothing that would make the next start fail, and begins the next. */
async function replacing<C extends CheckedStart<StartRequest>, T>(
  settings: Settings,
  checking: Promise<C>,
  beginNext: (checked: C) => Promise<T>,
): Promise<T> {
  const checked = await checking
  const { wasRunning } = await stop(settings.pidFile, settings)
  try {
    checkPathsAgain(checked)
    return await beginNext(checked)
  } catch (error) {
    if (wasRunning && error instanceof DaemonError && (await leavesNone(error))) {
      addSentence(error, 'The daemon before it has been stopped, so none runs now.')
    }
    throw error
  }

  async function leavesNone(error: DaemonError): Promise<boolean> {
    if (error instanceof AlreadyRunningError) return false
    const found = await status(settings.pidFile).catch(() => undefined)
    return found?.state === 'stopped'
  }
}
