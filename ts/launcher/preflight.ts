/** What a start needs: something to run, and what can be told of the rest before it begins. */

import { raise } from '../binding/errors.js'
import { checkRights } from '../binding/identity.js'
import { native } from '../binding/native.js'
import { InvalidOptionError } from '../errors.js'
import { checkForeground } from '../foreground/index.js'
import { serializeArgs } from '../handover/args.js'
import { checkOptions, makeDefaultFolder, type Settings } from '../options/index.js'
import { programOf } from './program.js'

/** Refuses a start for which there is nothing to run. */
export function noBody(pidFile: string): InvalidOptionError {
  const message =
    "Option 'run' is missing, and so is 'script': this Daemon only controls. Give one of them to start it."
  return new InvalidOptionError(message, { option: 'run', pidFile })
}

/**
 * A plain script is loaded after a chroot; detached it is a program of its own, and no function of this one reaches it.
 */
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

/**
 * What would keep a daemon from starting keeps the one before from being stopped, as far as it can be told beforehand.
 *
 * @throws DaemonError of the kinds that a start has before it has begun
 */
export function checkStart(settings: Settings, args: readonly unknown[]): void {
  serializeArgs(args)
  const rights = checkRights(settings)
  checkOptions(settings, rights.identity)
  if (settings.detach === false) checkForeground(settings)
  else programOf(settings, rights)
  makeDefaultFolder(settings)
  const refused = native().checkPidFile(settings.pidFile)
  if (refused !== null) raise(refused, settings.pidFile)
}
