/** Socket activation: what systemd has opened for this process, sd_listen_fds(3). Runs in the daemon. */

import { native } from '../binding/native.js'
import { StartFailedError } from '../errors.js'
import { givenSockets } from './environment.js'

/** The first descriptor that systemd passes: SD_LISTEN_FDS_START. */
const FIRST = 3

/**
 * The sockets by name, close-on-exec from now on. The second of a name is called `NAME:2`: no name of systemd's has a
 * colon in it, so the two cannot be confused.
 *
 * @throws StartFailedError when a socket that was promised is not open
 */
export function takeSockets(pidFile: string): Record<string, number> {
  const { count, names } = givenSockets()
  const sockets: [string, number][] = []
  const counts = new Map<string, number>()
  // A count of any size ends with the first descriptor that is not open.
  for (let at = 0; at < count; at++) {
    const fd = FIRST + at
    if (!native().takeSocket(fd)) {
      const message = `LISTEN_FDS promises ${count} sockets, but descriptor ${fd} is none. Unset LISTEN_PID.`
      throw new StartFailedError(message, { pidFile, step: 'sockets' })
    }
    // As sd_listen_fds_with_names(3) has it.
    const name = names[at] || 'unknown'
    const number = (counts.get(name) ?? 0) + 1
    counts.set(name, number)
    sockets.push([number === 1 ? name : `${name}:${number}`, fd])
  }
  return Object.fromEntries(sockets)
}
