/**
 * Checks of an option's path that ask the system. Runs in the launcher, in the process that becomes the daemon, and in
 * a daemon that restarts itself.
 */

import { accessSync, statSync } from 'node:fs'
import { ifPermitted } from '../binding/denied.js'
import { systemReason } from '../binding/errors.js'
import { isSystemError } from '../binding/node-errors.js'
import { refused, show, type Text } from '../say.js'

/**
 * Refuses a path that does not exist, is of another kind or cannot be used so. Skips checks that Node.js does not
 * permit.
 *
 * @param access - of access(2)
 * @param what - what must be so, after the option's name
 * @param value - what to show, where the option does not give that very path
 * @throws InvalidOptionError with the system error as `cause`
 */
export function checkPath(
  option: string,
  path: string,
  kind: 'file' | 'folder' | undefined,
  access: number,
  what: string,
  value: string = path,
  advice: Text = '',
): void {
  ifPermitted(() => {
    try {
      const found = statSync(path)
      const fits = kind === undefined || (kind === 'file' ? found.isFile() : found.isDirectory())
      if (!fits) {
        const is = found.isDirectory() ? 'a folder' : 'something else'
        throw refused(option, value, `${what}, but ${show(path)} is ${is}`, advice)
      }
      accessSync(path, access)
    } catch (error) {
      if (!isSystemError(error)) throw error
      // A path that has just been told is not told again.
      const why = path === value ? systemReason(error) : error.message
      throw refused(option, value, `${what}, but ${show(value)} is not: ${why}`, advice, error)
    }
  }, undefined)
}
