/** The default folders of pidfiles and logs, and how they are made. Runs in both processes. */

import { statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { explainDenial, isDenied } from '../binding/denied.js'
import { native } from '../binding/native.js'
import { IS_WINDOWS } from '../binding/platform.js'
import { messageOf } from '../handover/thrown.js'
import { invalid, named, refused, say, show } from '../say.js'

/** The variable that names one folder to stand for all default ones. */
export const HOME_VARIABLE = 'DAIMON_HOME'

/** The names that a daemon may have, as a regular expression; the name is also that of its pidfile. */
export const NAME = '[A-Za-z0-9][A-Za-z0-9._@-]{0,63}'

/** Below a home folder. */
const OF_USERS = '.local/state/daimon'

const ROOTS_LOGS = '/var/log/daimon'

const ROOTS_CACHE = '/var/cache/daimon'

/** Below a home folder: what can be made again. */
const CACHE_OF_USERS = '.cache/daimon'

/** Below the folder that Windows has for a user's own files of this machine. */
const ON_WINDOWS = 'daimon'

/** Below these, and in the folder of DAIMON_HOME. */
const COMPILED = 'compile-cache'

/** The permissions of a default folder that is made, and of the folders that are made on the way to it. */
export interface FolderModes {
  readonly mode: number
  readonly parents: number
}

function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** Whether this process is to Windows what root's is elsewhere: the system's own services, elevated administrators. */
function isAdministrator(): boolean {
  return IS_WINDOWS && native().isAdministrator()
}

/** Whether this default folder is Windows' one of the machine, which has to be kept from all other users. */
export function isOfMachine(folder: string): boolean {
  return isAdministrator() && process.env[HOME_VARIABLE] === undefined && folder === defaultFolder('any')
}

/** Root's pidfiles are where those of all system services are: on macOS, too, that folder is emptied at boot. */
function rootsPidFiles(): string {
  return process.platform === 'linux' ? '/run/daimon' : '/var/run/daimon'
}

/**
 * The folder of the variable; undefined where that is not set.
 *
 * @throws InvalidOptionError when it is relative or empty
 */
function given(): string | undefined {
  const value = process.env[HOME_VARIABLE]
  if (value === undefined) return undefined
  // Not made absolute: a login, cron and the daemon itself must find the same folder.
  if (isComplete(value)) return resolve(value)
  throw invalid(
    HOME_VARIABLE,
    value,
    'the absolute path of a folder',
    'Set the variable to one, or unset it.',
  )
}

/** Whether a path is the same from everywhere: on Windows `\\x` is one of the current drive. */
export function isComplete(path: string, isWindows: boolean = IS_WINDOWS): boolean {
  return isWindows ? /^(?:[a-z]:)?[\\/]/i.test(path) && !/^[\\/](?![\\/])/.test(path) : isAbsolute(path)
}

/** Advice for a default folder that cannot be used. */
export function homeAdvice(): string {
  const isSet = process.env[HOME_VARIABLE] !== undefined
  return `set ${HOME_VARIABLE} to ${isSet ? 'another folder' : 'a folder that can be written to'}`
}

/**
 * The pidfile of that name: in the folder of DAIMON_HOME; else for root in the system's folder, for any other user
 * below the home folder of the passwd entry. HOME counts only where there is no such entry. On Windows it is in the
 * user's own folder, for administrators in the machine's, as the system knows them; no variable tells that.
 *
 * @throws InvalidOptionError when nothing tells where
 */
export function defaultPidFile(name: string): { pidFile: string; defaultFolder: string } {
  const folder = given() ?? defaultFolder(name)
  return { pidFile: join(folder, `${name}.pid`), defaultFolder: folder }
}

function defaultFolder(name: string): string {
  return isRoot() ? rootsPidFiles() : folderOfUser(name)
}

/**
 * The log of a daemon that the command starts without a flag for it: in the folder of DAIMON_HOME; else for root in the
 * system's folder of logs, for any other user beside the pidfile.
 *
 * @param pidFolder - the default folder of pidfiles
 */
export function defaultLogFile(
  { name, pidFile }: { readonly name?: string | undefined; readonly pidFile: string },
  pidFolder: () => string,
): string {
  const roots = process.env[HOME_VARIABLE] === undefined ? () => ROOTS_LOGS : pidFolder
  const folder = isRoot() ? roots() : dirname(pidFile)
  return join(folder, `${name ?? basename(pidFile).replace(/\.pid$/, '')}.log`)
}

/** Whether the command makes the folder of a default log. Beside a pidfile of one's own there is one. */
export function isLogFolderMade(pidFile: string | URL | undefined): boolean {
  return isRoot() || pidFile === undefined
}

/** The modes of a default folder: that of DAIMON_HOME is for its owner only, root's can be read by others. */
export function modesOf(folder: string): FolderModes {
  const common = isRoot() ? 0o755 : 0o700
  const value = process.env[HOME_VARIABLE]
  const isGiven = value !== undefined && isComplete(value) && resolve(value) === folder
  return { mode: isGiven ? 0o700 : common, parents: common }
}

/** The variable, where it names a folder. With `cleanEnv` the daemon has it all the same: by it, it finds itself. */
export function homeVariable(): Readonly<Record<string, string>> {
  const value = process.env[HOME_VARIABLE]
  return value === undefined || !isComplete(value) ? {} : { [HOME_VARIABLE]: value }
}

/** The folder for the pidfile of that name; on Windows for administrators that of the machine. */
function folderOfUser(name: string): string {
  const found = IS_WINDOWS ? localFolder(isAdministrator()) : home()
  if ('path' in found) return join(found.path, IS_WINDOWS ? ON_WINDOWS : OF_USERS)
  const what = `is missing, and its default for the name '${name}' is in the home folder of the user, ${found.why}`
  const advice = say`Give ${named('pidFile')}, or ${homeAdvice()}.`
  throw refused('pidFile', undefined, what, advice, found.cause)
}

/**
 * The folder of the cache of compiled code: below the home folder of the user that the daemon becomes; else in the
 * folder of DAIMON_HOME; else for root in the system's folder of caches, for any other user below the home folder.
 *
 * @throws InvalidOptionError when nothing tells where
 */
export function defaultCompileCache(account: { readonly home: string } | undefined): string {
  if (account !== undefined) return join(account.home, CACHE_OF_USERS, COMPILED)
  const folder = given() ?? (isRoot() ? ROOTS_CACHE : undefined)
  if (folder !== undefined) return join(folder, COMPILED)
  // Never the machine's: the daemon executes what is in it, and the folder may have been made by somebody else.
  const found = IS_WINDOWS ? localFolder(false) : home()
  if ('path' in found) return join(found.path, IS_WINDOWS ? ON_WINDOWS : CACHE_OF_USERS, COMPILED)
  const what = `is true, and its folder is in the home folder of the user, ${found.why}`
  throw refused('compileCache', true, what, `Give a folder, or ${homeAdvice()}.`, found.cause)
}

type Found = { readonly path: string } | { readonly why: string; readonly cause: unknown }

function localFolder(forMachine: boolean): Found {
  const path = native().localFolder(forMachine)
  return path === null ? { why: 'which Windows does not tell', cause: undefined } : { path }
}

function home(): Found {
  let why: string
  let cause: unknown
  try {
    const { homedir } = process.getBuiltinModule('node:os').userInfo()
    if (homedir.startsWith('/')) return { path: homedir }
    why = 'whose passwd entry has none'
  } catch (error) {
    why = 'who has no passwd entry'
    cause = error
  }
  const fallback = process.env.HOME
  const notHome = fallback === undefined ? 'HOME is not set' : whyNotOurs(fallback)
  if (fallback !== undefined && notHome === undefined) return { path: resolve(fallback) }
  return { why: `${why} (and ${notHome})`, cause }
}

/** In a container without a passwd entry HOME is often `/`, or another user's folder. */
function whyNotOurs(folder: string): string | undefined {
  const what = `HOME, ${show(folder)},`
  if (!isAbsolute(folder)) return `${what} is no absolute path`
  try {
    const found = statSync(folder)
    if (!found.isDirectory()) return `${what} is no folder`
    return found.uid === process.geteuid?.() ? undefined : `${what} belongs to user ${found.uid}`
  } catch (error) {
    const reason = messageOf(error)
    return `${what} cannot be looked at: ${isDenied(error) ? explainDenial(error) : reason}`
  }
}
