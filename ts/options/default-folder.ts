/** Makes the default folder of pidfiles at a start. Runs in the launcher, and in the foreground's process. */

import { explainDenial, isDenied } from '../binding/denied.js'
import { native } from '../binding/native.js'
import { isSystemError } from '../binding/node-errors.js'
import { PidFileError } from '../errors.js'
import { errorOf, named, say } from '../say.js'
import { makeDefault } from './folder.js'
import { homeAdvice } from './places.js'
import type { Settings } from './settings.js'

/**
 * Makes the default folder of pidfiles where it is missing, and its parents: 0755 for root, 0700 for anybody else and
 * for the folder of DAIMON_HOME, whatever the umask. What exists already is left as it is.
 *
 * @throws PidFileError `missing-directory`, with the system's error, or Node's, as `cause`; `unsafe-directory` for
 * Windows' folder of the machine where it is somebody else's
 */
export function makeDefaultFolder(settings: Pick<Settings, 'defaultFolder' | 'pidFile'>): void {
  const { defaultFolder: folder, pidFile } = settings
  if (folder === undefined) return
  try {
    makeDefault(folder, pidFile)
  } catch (error) {
    if (!isDenied(error) && !isSystemError(error)) throw error
    // The core can open the folder even if Node.js does not permit its program to see it.
    if (isDenied(error) && !isMissing(pidFile)) return
    const why = isDenied(error) ? explainDenial(error, folder) : error.message
    const what = `The folder ${folder} for the pidfile ${pidFile} cannot be made: ${why}`
    const advice = say`Make it, give ${named('pidFile')} with a folder that exists, or ${homeAdvice()}.`
    throw errorOf(say`${what}. ${advice}`, (message) => {
      return new PidFileError(message, { pidFile, reason: 'missing-directory', cause: error })
    })
  }
}

/** Whether the folder of the pidfile is missing, as the core sees it. */
function isMissing(pidFile: string): boolean {
  return native().checkPidFile(pidFile)?.reason === 'missing-directory'
}
