/** The environment that a daemon is executed with. Runs in the launcher; the foreground takes `CLEAN`. */

import { ADOPTION_VARIABLE } from '../../handover/variable.js'
import { accountVariables, type Rights } from '../../options/identity.js'
import { homeVariable } from '../../options/places.js'
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
export const CLEAN: readonly string[] = ['PATH', 'HOME', 'LANG', 'TZ']

/** @param cwd - the folder that relative paths in NODE_OPTIONS are seen from */
export function environment(
  { env, cleanEnv }: Settings,
  { identity }: Rights,
  cwd: string,
): Map<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of Object.entries(process.env)) {
    const wanted = cleanEnv ? CLEAN.includes(name) : !(OURS_ALONE.test(name) || NOT_INHERITED.test(name))
    if (wanted && value !== undefined) all.set(name, value)
  }
  for (const [name, value] of Object.entries({ ...homeVariable(), ...accountVariables(identity), ...env })) {
    if (value === undefined) all.delete(name)
    else all.set(name, value)
  }
  const nodeOptions = all.get('NODE_OPTIONS')
  if (nodeOptions !== undefined) all.set('NODE_OPTIONS', absoluteNodeOptions(nodeOptions, cwd))
  return all
}
