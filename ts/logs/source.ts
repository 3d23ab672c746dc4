/** Finds the file that a daemon logs to. */

import { readlinkSync, statSync } from 'node:fs'
import { explainDenial, isDenied } from '../binding/denied.js'
import { findHolder } from '../control/stop.js'
import type { InvalidOptionError } from '../errors.js'
import { isOwn } from '../inside/route.js'
import type { Settings } from '../options/settings.js'
import { either, named, refusal, say, type Text } from '../say.js'

/**
 * The file of the options; without one, on Linux, that which the running daemon's standard output goes to.
 *
 * @throws InvalidOptionError naming `log` when there is none, or it cannot be seen
 */
export async function logPath(settings: Settings, signal: AbortSignal | undefined): Promise<string> {
  const { stdout, stderr } = settings.stdio
  for (const stream of [stdout, stderr]) if (stream.kind === 'file') return stream.path
  if (process.platform !== 'linux')
    throw noLog(settings, 'and this system does not tell where the output goes')
  return await outputOfRunning(settings, signal)
}

async function outputOfRunning(settings: Settings, signal: AbortSignal | undefined): Promise<string> {
  if (isOwn(settings.pidFile)) return outputOf(settings, process)
  const holder = await findHolder(settings.pidFile, signal)
  if (holder === undefined) throw noLog(settings, 'and no daemon runs that could be asked for its output')
  try {
    const path = outputOf(settings, holder)
    // As long as it is alive no other process has its PID.
    if (!holder.alive) throw noLog(settings, 'and the daemon has just ended')
    return path
  } finally {
    holder.release()
  }
}

function outputOf(settings: Settings, { pid }: { readonly pid: number }): string {
  const link = `/proc/${pid}/fd/1`
  let path: string
  let isLog: boolean
  try {
    path = readlinkSync(link)
    const [output, named] = [statSync(link), statSync(path, { throwIfNoEntry: false })]
    isLog = output.isFile() && output.dev === named?.dev && output.ino === named.ino
  } catch (cause) {
    const denial = isDenied(cause) ? `: ${explainDenial(cause, link)}` : ''
    throw noLog(settings, `and the output of process ${pid} cannot be seen${denial}`, cause)
  }
  if (!isLog) {
    const advice = path.endsWith(DELETED)
      ? 'It has been removed since: have the daemon open it again, by reload.'
      : 'It keeps no log: start it again with one.'
    throw noLog(settings, `and the output of process ${pid} goes to ${path}`, undefined, advice)
  }
  return path
}

/** The end of a path by which Linux shows that the file has no name any more. */
const DELETED = ' (deleted)'

function noLog(
  { pidFile }: Settings,
  why: string,
  cause?: unknown,
  advice: Text = say`${either("Give the daemon's log.", say`Give ${named('log')} FILE.`)}`,
): InvalidOptionError {
  return refusal({ option: 'log', problem: `is missing, ${why}`, advice }, { pidFile, cause })
}
