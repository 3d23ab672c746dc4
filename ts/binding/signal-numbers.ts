/** The signals of a platform, by name. Runs in both processes. It is loaded before a script. */

import { IS_WINDOWS } from './platform.js'

/** Windows has no signals: these are messages to a daemon, and the end of its process. Numbers as on Linux. */
const ON_WINDOWS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
} as const

/** The numbers. `node:os` is loaded with the first use: it would cost every import of the package 0.1 ms. */
export function signalNumbers(isWindows: boolean = IS_WINDOWS): Readonly<Record<string, number>> {
  return isWindows ? ON_WINDOWS : process.getBuiltinModule('node:os').constants.signals
}

/** The exit code that shells show for a process that this signal has ended. */
export function exitCodeOf(signal: string): number {
  return 128 + (signalNumbers()[signal] ?? 0)
}
