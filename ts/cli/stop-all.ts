/** `stop --all`: the named daemons of this user, at once. */

import type { StopResult } from '../types/status.js'
import { FAILED, OK } from './exit-codes.js'
import { plain } from './failure.js'
import { ownDaemons } from './list.js'
import { optionsOf } from './options.js'
import { nameOf } from './target.js'
import { UsageError } from './usage.js'
import type { Call } from './verb.js'

/** What a stop has come to, for people. */
export function stopped(who: string, { wasRunning, forced }: StopResult): string {
  if (!wasRunning) return `${who} is not running`
  return forced ? `${who} did not stop in time and was killed` : `${who} has stopped`
}

export async function stopAll({ out, words }: Call): Promise<number> {
  const { values, positionals } = words
  if (positionals.length > 0 || values.name !== undefined || values['pid-file'] !== undefined) {
    throw new UsageError('--all takes no name and no pidfile')
  }
  const options = optionsOf(values)
  out.progress('stopping all daemons')
  const results = await Promise.all(
    ownDaemons().map(async (daemon) => {
      const name = nameOf(daemon)
      try {
        return { name, result: await daemon.with(options).stop() }
      } catch (error) {
        return { name, error }
      }
    }),
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
  return results.some((one) => 'error' in one) ? FAILED : OK
}
