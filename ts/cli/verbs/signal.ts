/** The verb `signal`. */

import { SIGNALS } from '../completion/answer.js'
import { UsageError } from '../errors.js'
import { OK } from '../exit-codes.js'
import { WHICH } from '../flags.js'
import { signal as signalOf } from '../read.js'
import { daemonToControl, nameOf } from '../target.js'
import type { Verb } from './verb.js'

export const signal: Verb = {
  name: 'signal',
  summary: 'Send a signal to a daemon, by name or number',
  form: { usage: '[flags] [NAME] SIGNAL', example: 'PROGRAM signal web SIGUSR2' },
  codes: '0 sent, 7 not running, 4 no rights, 1 failed',
  flags: WHICH,
  operands: [':names', SIGNALS],
  run: async (call) => {
    const { positionals, values } = call.words
    const given = positionals.at(-1) ?? ''
    const names = positionals.slice(0, -1)
    const isNamed = names.length > 0 || WHICH.some(({ name }) => values[name] !== undefined)
    if (given === '' || !isNamed) {
      throw new UsageError(`give a daemon and a signal, for example: ${call.program} signal web SIGUSR2`)
    }
    const daemon = daemonToControl(call, names)
    const wanted = signalOf(given)
    await daemon.signal(wanted as NodeJS.Signals | number)
    call.out.data({ signal: wanted })
    call.out.note(`${nameOf(daemon)} was sent ${wanted}`)
    return OK
  },
}
