/** What a start needs to have something to run. */

import { InvalidOptionError } from './errors.js'
import type { Settings } from './options.js'

/** Refuses a start for which there is nothing to run. */
export function noBody(pidFile: string): InvalidOptionError {
  const message =
    "Option 'run' is missing, and so is 'script': this Daemon only controls. Give one of them to start it."
  return new InvalidOptionError(message, { option: 'run', pidFile })
}

/** A plain script is loaded after a chroot; detached it is a program of its own, and no function of this one reaches it. */
export function refuseForScript(
  { signals, process: { chroot }, pidFile }: Settings,
  detached: boolean,
): void {
  if (chroot !== undefined) {
    const message =
      "Option 'chroot' is not for plain scripts, whose file and modules would have to be in there. " +
      "Give 'run' with the script: its module is loaded before."
    throw new InvalidOptionError(message, { option: 'chroot', value: chroot, pidFile })
  }
  for (const [signal, value] of Object.entries(signals)) {
    if (typeof value !== 'function' || !detached) continue
    const message =
      `Option 'signals.${signal}' is a function, which cannot be given to a script. ` +
      "Give an action by name, or 'run' with the script, or call process.on() there."
    throw new InvalidOptionError(message, { option: `signals.${signal}`, value, pidFile })
  }
}
