/** The verb `reload`. */

import { OK } from '../exit-codes.js'
import { WHICH } from '../flags.js'
import { daemonToControl, nameOf } from '../target.js'
import type { Verb } from './verb.js'

export const reload: Verb = {
  name: 'reload',
  summary: 'Let a daemon open its logs again and reload (SIGHUP)',
  form: { usage: '[flags] [NAME]', example: 'PROGRAM reload web' },
  embedded: { usage: '[flags]', example: 'PROGRAM reload' },
  codes: '0 told, 7 not running, 4 no rights, 1 failed',
  flags: WHICH,
  operands: [':names'],
  run: async (call) => {
    const daemon = daemonToControl(call)
    await daemon.reload()
    call.out.data({ signal: 'SIGHUP' })
    call.out.note(`${nameOf(daemon)} was told to reload`)
    return OK
  },
}
