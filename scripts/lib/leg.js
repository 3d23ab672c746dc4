// Runs a leg of CI: a script whose last line has its counts, and which this machine may be unable to run.
import { add, close, none } from './counts.js'

/** A leg's packages, rights or platform are missing here. The leg is skipped, and prints the reason. */
export class Unavailable extends Error {}

/**
 * Runs the parts one after the other and prints the closing line with the sum of their counts. A part that throws
 * Unavailable counts as skipped. Any other error counts as a failure, and no later part runs.
 */
export async function leg(name, ...parts) {
  let counts = none()
  for (const part of parts) {
    try {
      counts = add(counts, await part())
    } catch (error) {
      const unavailable = error instanceof Unavailable
      console.log(`${name}: ${unavailable ? `skipped: ${error.message}` : `failed: ${error.stack}`}`)
      counts = add(counts, { ...none(), [unavailable ? 'skipped' : 'failed']: 1 })
      if (!unavailable) break
    }
  }
  close(counts)
}
