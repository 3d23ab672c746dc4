/** The verb `restart`. */

import { Daemon } from '../../index.js'
import { begin, STARTS, starting } from '../begin.js'
import { LAUNCH_FLAGS } from '../flags.js'
import { hasLostKeeper, RESTART_INTERRUPTED } from '../states.js'
import { daemonToStart, nameOf } from '../target.js'
import type { Verb } from './verb.js'

export const restart: Verb = {
  name: 'restart',
  summary: 'Stop a daemon, if it runs, and start it',
  ...starting('restart'),
  codes: STARTS,
  flags: LAUNCH_FLAGS,
  operands: [':files'],
  run: async (call) => {
    const { daemon, args } = daemonToStart(call, true)
    // In the daemon this call says which body to run, at once.
    const isDaemon = Daemon.current !== undefined
    return await begin(call, daemon, RESTART_INTERRUPTED, async (patient) => {
      const hadKeeper = !isDaemon && (await hasKeeper(daemon))
      const running = await patient.restart(...args)
      if (hadKeeper && !(await hasKeeper(daemon))) call.out.note(hasLostKeeper(nameOf(daemon)))
      return running
    })
  },
}

async function hasKeeper(daemon: Daemon): Promise<boolean> {
  try {
    const status = await daemon.status()
    return status.state === 'running' && status.bodies !== undefined
  } catch {
    // The restart itself tells why nothing is known.
    return false
  }
}
