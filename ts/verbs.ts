/** The verbs that begin a body, where this process is not the daemon. Runs in the launcher, or in the foreground. */

import { ownStatus } from './control/status.js'
import { stop } from './control/stop.js'
import { foreground, foregroundChecked, inForeground } from './foreground/index.js'
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
import type { DaemonContext } from './types/context.js'
import type { Running } from './types/status.js'

/** `start()`: detached, or with `detach: false` in this process. */
export async function begin(settings: Settings, args: Args): Promise<Running> {
  refuseBody(settings)
  if (settings.detach !== false) return await start(settings, args)
  await foreground(settings, args)
  return ownStatus(settings.pidFile)
}

/** `foreground()`. */
export async function become(settings: Settings, args: Args): Promise<DaemonContext> {
  refuseBody(settings, false)
  return await foreground(settings, args)
}

/** `restart()`. */
export async function replace(settings: Settings, args: Args): Promise<Running> {
  refuseBody(settings)
  if (settings.detach !== false) {
    return await startChecked(await replacing(settings, preflight(detached(settings, args), true)))
  }
  await foregroundChecked(await replacing(settings, preflight(inForeground(settings, args), true)))
  return ownStatus(settings.pidFile)
}

/** Stops the daemon once the checks have found nothing that would make the next start fail. */
async function replacing<C extends CheckedStart<StartRequest>>(
  settings: Settings,
  checking: Promise<C>,
): Promise<C> {
  const checked = await checking
  await stop(settings.pidFile, settings)
  checkPathsAgain(checked)
  return checked
}
