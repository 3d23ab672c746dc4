/** What the completions of all shells share. */

import { OPTION_FLAGS } from '../flags.js'

/** Verbs whose first word is a daemon's name. */
export const NAMED: readonly string[] = ['stop', 'status', 'reload', 'signal', 'logs']

/** Verbs whose first word is one of these. */
export const FIRST: Readonly<Record<string, readonly string[]>> = {
  unit: ['systemd', 'launchd', 'logrotate'],
  completion: ['bash', 'zsh', 'fish'],
}

/** Values of flags that are words. */
export const VALUES: Readonly<Record<string, readonly string[]>> = {
  'stop-signal': ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'],
  ...Object.fromEntries(OPTION_FLAGS.flatMap(({ name, choices }) => (choices ? [[name, choices]] : []))),
}

/** Prints the daemons' names, one a line. */
export function namesCommand(program: string): string {
  return `${program} completion names 2>/dev/null`
}
