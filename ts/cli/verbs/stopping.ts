/** Stopping, one daemon or all named ones of this user at once. */

import { Daemon } from '../../index.js'
import type { StopResult } from '../../types/status.js'
import { InterruptedError, UsageError } from '../errors.js'
import { FAILED, INTERRUPTED, OK } from '../exit-codes.js'
import { plain } from '../failure.js'
import { interrupted, interruptible } from '../interrupt.js'
import { optionsOf } from '../options.js'
import { nameOf } from '../target.js'
import { ownDaemons } from './list.js'
import type { Call } from './verb.js'

/** What a stop has come to, for people. */
export function stopped(who: string, { wasRunning, forced, pidFile }: StopResult): string {
  if (!wasRunning) return `${who} is not running${who === pidFile ? '' : ` (${pidFile})`}`
  return forced ? `${who} did not stop in time and was killed` : `${who} has stopped`
}

/** @throws InterruptedError when `interrupt` aborts, and what `Daemon#stop` throws */
export async function stopOne(daemon: Daemon, interrupt: AbortSignal): Promise<StopResult> {
  // In the daemon this very call says which body to run.
  if (Daemon.current !== undefined) return await daemon.stop()
  try {
    return await daemon.stop({ signal: interrupt })
  } catch (error) {
    throw interrupt.aborted
      ? await interrupted(daemon, 'has been asked to stop, and still runs', 'has stopped')
      : error
  }
}

export async function stopAll(call: Call): Promise<number> {
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
    if ('result' in one) out.note(stopped(one.name, one.result))
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
