// A leg of CI: a script that closes with its counts, and that this machine may be unable to run.
import { close, none } from './counts.js'

/** What a leg needs cannot be had here: packages, rights, another platform. It is skipped then, and says why. */
export class Unavailable extends Error {}

/** Runs `work`, which resolves to counts, and prints the closing line. Any other error is a failure. */
export async function leg(name, work) {
  try {
    close(await work())
  } catch (error) {
    const unavailable = error instanceof Unavailable
    console.log(`${name}: ${unavailable ? 'skipped' : 'failed'}: ${error.message}`)
    close({ ...none(), [unavailable ? 'skipped' : 'failed']: 1 })
  }
}
