/** The verb `start`. */

import { isSupervised } from '../../supervisor/environment.js'
import { begin, STARTS, starting } from '../begin.js'
import { START_FLAGS } from '../flags.js'
import { START_INTERRUPTED } from '../states.js'
import { daemonToStart } from '../target.js'
import { foreground } from './run.js'
import type { Verb } from './verb.js'

export const start: Verb = {
  name: 'start',
  summary: 'Start a daemon and wait until it serves',
  ...starting('start'),
  codes: STARTS,
  flags: START_FLAGS,
  operands: [':files'],
  run: async (call) => {
    const detach = call.words.values.detach ?? 'auto'
    const detaches = detach !== 'false' && (detach !== 'auto' || !isSupervised())
    const { daemon, args } = daemonToStart(call, detaches)
    if (!detaches) return await foreground(call, daemon, args)
    return await begin(call, daemon, START_INTERRUPTED, (patient) => patient.start(...args))
  },
}
