/**
 * The option `compileCache`. Runs in the launcher, in the process that becomes the daemon, and in a daemon that
 * restarts itself.
 */

import { isDenied } from '../binding/denied.js'
import type { NativeIdentity } from '../binding/native.js'
import { isSystemError } from '../binding/node-errors.js'
import { type Owner, whyNotPrivate } from '../handover/private-folder.js'
import { named, refused, say, show } from '../say.js'
import { defaultCompileCache } from './places.js'
import type { Given, Settings } from './settings.js'
import { pathValue } from './values.js'

/** Whether there is a cache, or its folder. */
export function compileCacheValue(option: string, value: unknown): boolean | string {
  return typeof value === 'boolean' ? value : pathValue(option, value)
}

/** The modules of a program have other paths below another root folder, and the cache is not there. */
export function checkCompileCacheAlone({ compileCache, chroot }: Given): void {
  if (compileCache === undefined || compileCache === false || chroot === undefined) return
  const what = say`(${show(compileCache)}) contradicts ${named('chroot')} (${show(chroot)})`
  throw refused('compileCache', compileCache, what, 'Leave one of them out.')
}

/**
 * The folder of the cache; undefined without one.
 *
 * @param identity - the user and groups that the daemon takes; without it, those of this process
 * @throws InvalidOptionError when others than the daemon's user could change what is in it
 */
export function compileCacheOf(
  { compileCache }: Pick<Settings, 'compileCache'>,
  identity: NativeIdentity | undefined,
): string | undefined {
  if (compileCache === false) return undefined
  const folder = compileCache === true ? defaultCompileCache(identity?.account) : compileCache
  const why = problemOf(folder, {
    uid: identity?.uid ?? process.geteuid?.() ?? 0,
    gid: identity?.gid ?? process.getegid?.() ?? 0,
  })
  if (why === undefined) return folder
  const who = "must be a folder in which only the daemon's user can change anything"
  const what = `${who}, because the daemon executes what is in it, but ${why.text}`
  throw refused('compileCache', compileCache, what, 'Give another folder, or leave it out.', why.cause)
}

/** A look that Node.js does not permit is left to the daemon. */
function problemOf(folder: string, owner: Owner): { text: string; cause?: unknown } | undefined {
  try {
    const text = whyNotPrivate(folder, owner)
    return text === undefined ? undefined : { text }
  } catch (cause) {
    if (isDenied(cause)) return undefined
    if (!isSystemError(cause)) throw cause
    return { text: `it cannot be looked at: ${cause.message}`, cause }
  }
}
