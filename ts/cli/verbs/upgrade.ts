/** The verb `upgrade`. */

import { Daemon } from '../../index.js'
import { Progress } from '../begin.js'
import { UsageError } from '../errors.js'
import { OK } from '../exit-codes.js'
import { UPGRADE_FLAGS } from '../flags.js'
import { interrupted, interruptible } from '../interrupt.js'
import { optionsOf } from '../options.js'
import { hasUpgraded, UPGRADE_INTERRUPTED } from '../states.js'
import { daemonToControl, nameOf } from '../target.js'
import type { Call, Verb } from './verb.js'

export const upgrade: Verb = {
  name: 'upgrade',
  summary: 'Let the present program take over without a gap',
  form: { usage: '[flags] [NAME]', example: 'PROGRAM upgrade web' },
  embedded: { usage: '[flags] [ARGS]', example: 'PROGRAM upgrade' },
  codes: '0 done, 1 failed, 4 no rights, 7 not running',
  flags: UPGRADE_FLAGS,
  operands: [':names'],
  run: async (call) => {
    const { daemon, args } = daemonToUpgrade(call)
    const who = nameOf(daemon)
    const progress = new Progress(call, who)
    progress.show('upgrading')
    return await interruptible(call, async (signal) => {
      // In the daemon this call says which body to run, with the daemon's own logger.
      const isDaemon = Daemon.current !== undefined
      const patient = isDaemon ? daemon : daemon.with({ signal, logger: progress.logger })
      try {
        const running = await patient.upgrade(...args)
        call.out.data(running)
        call.out.note(hasUpgraded(who, running))
        return OK
      } catch (error) {
        throw signal.aborted ? await interrupted(daemon, UPGRADE_INTERRUPTED) : error
      } finally {
        progress.end()
      }
    })
  },
}

/** The Daemon, and the arguments of its `run`: a script has none, and its own are those of its start. */
function daemonToUpgrade(call: Call): { daemon: Daemon; args: readonly string[] } {
  const { daemon, words } = call
  const { positionals, rest = [] } = words
  if (daemon !== undefined)
    return { daemon: daemon.with(optionsOf(words.values)), args: [...positionals, ...rest] }
  if (rest.length > 0)
    throw new UsageError(
      `a script keeps the arguments of its start: for others, such as '${rest[0]}', restart it`,
    )
  return { daemon: daemonToControl(call), args: [] }
}
