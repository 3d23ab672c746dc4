/** The verb `stop`: one daemon, or all named ones of this user at once. */

import { Daemon } from '../../index.js'
import type { StopResult } from '../../types/status.js'
import { InterruptedError, UsageError } from '../errors.js'
import { FAILED, INTERRUPTED, OK } from '../exit-codes.js'
import { plain } from '../failure.js'
import { OWN_FLAGS, STOP_FLAGS } from '../flags.js'
import { interrupted, interruptible } from '../interrupt.js'
import { optionsOf } from '../options.js'
import { ownDaemons } from '../own-daemons.js'
import { hasStopped, STOP_INTERRUPTED } from '../states.js'
import { daemonToControl, nameOf } from '../target.js'
import type { Call, Verb } from './verb.js'

export const stop: Verb = {
  name: 'stop',
  summary: 'Stop a daemon and wait until it is gone',
  form: { usage: '[flags] [NAME | --all]', example: 'PROGRAM stop web --stop-timeout 2000' },
  embedded: { usage: '[flags]', example: 'PROGRAM stop --stop-timeout 2000' },
  codes: '0 gone, 1 lives on, 4 no rights, 130 Ctrl-C',
  flags: [...STOP_FLAGS, OWN_FLAGS.all],
  operands: [':names'],
  run: async (call) => {
    if (call.words.values.all === true) return await stopAll(call)
    const daemon = daemonToControl(call)
    const who = nameOf(daemon)
    call.out.progress(`${who}: stopping`)
    const result = await interruptible(call, (interrupt) => stopOne(daemon, interrupt))
    call.out.data(result)
    call.out.note(hasStopped(who, result))
    return OK
  },
}

/** @throws InterruptedError when `interrupt` aborts, and what `Daemon#stop` throws */
async function stopOne(daemon: Daemon, interrupt: AbortSignal): Promise<StopResult> {
  // In the daemon this very call says which body to run.
  if (Daemon.current !== undefined) return await daemon.stop()
  try {
    return await daemon.stop({ signal: interrupt })
  } catch (error) {
    throw interrupt.aborted ? await interrupted(daemon, STOP_INTERRUPTED) : error
  }
}

async function stopAll(call: Call): Promise<number> {
  const { out, words } = call
  const { values, positionals } = words
  if (positionals.length > 0 || values.name !== undefined || values['pid-file'] !== undefined) {
    throw new UsageError('--all takes no name and no pidfile')
  }
  const options = optionsOf(values)
  out.progress('stopping all daemons')
  const results = await interruptible(call, (interrupt) =>
    Promise.all(ownDaemons().map((daemon) => resultOf(daemon.with(options), interrupt))),
  )
  const told = results.map(({ name, ...one }) =>
    'result' in one ? { name, ...one.result } : { name, error: plain(one.error) },
  )
  out.data(told)
  let isAnyTold = false
  for (const one of results) {
    if ('result' in one && !one.result.wasRunning) continue
    isAnyTold = true
    if ('result' in one) out.note(hasStopped(one.name, one.result))
    else out.noteFailure(one.name, one.error)
  }
  if (!isAnyTold) out.note('no daemon is running')
  const errors = results.flatMap((one) => ('error' in one ? [one.error] : []))
  if (errors.some((error) => error instanceof InterruptedError)) return INTERRUPTED
  return errors.length > 0 ? FAILED : OK
}

type Result = { name: string } & ({ result: StopResult } | { error: unknown })

async function resultOf(daemon: Daemon, interrupt: AbortSignal): Promise<Result> {
  const name = nameOf(daemon)
  try {
    return { name, result: await stopOne(daemon, interrupt) }
  } catch (error) {
    return { name, error }
  }
}
