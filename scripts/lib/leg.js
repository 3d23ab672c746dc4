// A leg of CI: a script that closes with its counts, and that this machine may be unable to run.
import { add, close, none } from './counts.js'

/** What a leg needs cannot be had here: packages, rights, another platform. It is skipped then, and says why. */
export class Unavailable extends Error {}

/**
 * Runs the parts one after the other, each of which resolves to counts, and prints the closing line. One that is
 * unavailable counts as skipped, whatever the others have come to; any other error is a failure, and the last.
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
