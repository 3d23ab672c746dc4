/** Uncaught errors in runtimes other than Node.js. Runs in the daemon, as part of what is loaded before a script. */

import { shown } from '../handover/thrown.js'
import { writeStderr } from './stderr.js'

/**
 * Ends the process by an uncaught error in Bun, which would loop for ever if the main module awaits something, as it
 * does in a daemon with a `run()`. In Node.js an unhandled rejection is an uncaught error; in Bun it is an event of
 * its own.
 */
export function endByUncaught(report: (error: unknown) => void): void {
  if (process.versions.bun === undefined) return
  process.on('uncaughtExceptionMonitor', (error) => {
    if (process.listenerCount('uncaughtException') === 0) end(error)
  })
  process.on('unhandledRejection', (error) => {
    if (process.listenerCount('unhandledRejection') > 1) return
    report(error)
    end(error)
  })
}

function end(error: unknown): never {
  try {
    console.error(error)
  } catch {
    writeStderr(`Uncaught ${shown(error)}`)
  }
  process.exit(1)
}

/** Throws an error of the body where no code of ours can catch it, because it is the process's own. */
export function throwUncaught(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
