/** The verb `restart`. */

import { begin, STARTS, starting } from '../begin.js'
import { LAUNCH_FLAGS } from '../flags.js'
import { RESTART_INTERRUPTED } from '../states.js'
import { daemonToStart } from '../target.js'
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
    return await begin(call, daemon, RESTART_INTERRUPTED, (patient) => patient.restart(...args))
  },
}
