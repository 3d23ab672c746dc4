/** The environment that a daemon is executed with. Runs in the launcher; the foreground asks `isClean()`. */

import { folded, IS_WINDOWS } from '../../binding/platform.js'
import { ADOPTION_VARIABLE } from '../../handover/variable.js'
import { accountVariables } from '../../options/identity.js'
import { homeVariable } from '../../options/places.js'
import type { Rights } from '../../options/rights.js'
import type { Settings } from '../../options/settings.js'
import { OURS_ALONE } from '../../supervisor/environment.js'
import { absoluteNodeOptions } from '../node-flags.js'

/**
 * Variables about the launcher's streams, its parent's channel and its test runner. The daemon must not inherit them.
 */
const NOT_INHERITED = new RegExp(
  `^(?:${[
    'SYSTEMD_EXEC_PID',
    'JOURNAL_STREAM',
    'NODE_CHANNEL_.*',
    'NODE_UNIQUE_ID',
    'NODE_TEST_.*',
    'WATCH_REPORT_DEPENDENCIES',
    ADOPTION_VARIABLE,
  ].join('|')})$`,
)

/** The variables that `cleanEnv` leaves. */
const CLEAN: readonly string[] = ['PATH', 'HOME', 'LANG', 'TZ']

/** Without them programs of Windows do not find the system's own files, or the user's. */
const CLEAN_ON_WINDOWS: readonly string[] = [
  ...['SystemRoot', 'SystemDrive', 'windir', 'ComSpec', 'PATHEXT', 'TEMP', 'TMP'],
  ...['USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'ProgramData'],
]

/** Whether `cleanEnv` leaves the variable. */
export function isClean(name: string, isWindows: boolean = IS_WINDOWS): boolean {
  if (CLEAN.includes(name)) return true
  const all = isWindows ? [...CLEAN, ...CLEAN_ON_WINDOWS] : []
  return all.some((one) => folded(one, true) === folded(name, true))
}

/** The name under which a variable is there already: on Windows case does not count. NODE_OPTIONS is read below. */
function nameIn(all: ReadonlyMap<string, string>, name: string, isWindows: boolean): string {
  if (!isWindows) return name
  if (name.toUpperCase() === 'NODE_OPTIONS') return 'NODE_OPTIONS'
  return [...all.keys()].find((known) => folded(known, true) === folded(name, true)) ?? name
}

/** @param cwd - the folder that relative paths in NODE_OPTIONS are seen from */
export function environment(
  { env, cleanEnv }: Pick<Settings, 'env' | 'cleanEnv'>,
  { identity }: Pick<Rights, 'identity'>,
  cwd: string,
  isWindows: boolean = IS_WINDOWS,
): Map<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of Object.entries(process.env)) {
    const plain = isWindows ? name.toUpperCase() : name
    const wanted = cleanEnv
      ? isClean(name, isWindows)
      : !(OURS_ALONE.test(plain) || NOT_INHERITED.test(plain))
    if (wanted && value !== undefined) all.set(nameIn(all, name, isWindows), value)
  }
  for (const [name, value] of Object.entries({ ...homeVariable(), ...accountVariables(identity), ...env })) {
    const known = nameIn(all, name, isWindows)
    if (value === undefined) all.delete(known)
    else all.set(known, value)
  }
  const nodeOptions = all.get('NODE_OPTIONS')
  if (nodeOptions !== undefined) all.set('NODE_OPTIONS', absoluteNodeOptions(nodeOptions, cwd))
  return all
}
