/** The verb `logs`. */

import { existsSync } from 'node:fs'
import { ifPermitted } from '../../binding/denied.js'
import type { Daemon } from '../../index.js'
import { InvalidOptionError } from '../../index.js'
import { messageIn } from '../../say.js'
import { CommandError } from '../errors.js'
import { OK } from '../exit-codes.js'
import { type Flag, OPTION_FLAGS, OWN_FLAGS, WHICH } from '../flags.js'
import { interruptible } from '../interrupt.js'
import { languageOf } from '../language.js'
import { number } from '../read.js'
import { daemonToControl, defaultLog, nameOf } from '../target.js'
import type { Call, Verb } from './verb.js'

export const logs: Verb = {
  name: 'logs',
  summary: 'Show the end of a log, and with -f what comes, until Ctrl-C',
  form: { usage: '[flags] [NAME]', example: 'PROGRAM logs web -f' },
  embedded: { usage: '[flags]', example: 'PROGRAM logs -f' },
  codes: '0 shown, 1 there is none, 4 no rights',
  flags: [...WHICH, ...OPTION_FLAGS.filter(({ name }) => name === 'log'), OWN_FLAGS.lines, OWN_FLAGS.follow],
  operands: [':names'],
  run: async (call) => {
    const { words, out } = call
    out.streams()
    const lines = typeof words.values.lines === 'string' ? number(words.values.lines, 'lines') : undefined
    const follow = words.values.follow === true
    const { source, missing } = await logged(call, follow)
    await interruptible(call, async (interrupt) => {
      const signal = AbortSignal.any([interrupt, out.closed])
      try {
        const shown = source.logs({ ...(lines === undefined ? {} : { lines }), follow, signal })
        if (missing !== undefined) out.note(`there is no log ${missing} yet: waiting for it`)
        for await (const line of shown) {
          out.data({ line }, line)
          await out.caughtUp(signal)
          if (signal.aborted) return
        }
      } catch (error) {
        // Following ends by being aborted.
        if (!signal.aborted) throw withoutLog(error, logs.flags)
      }
    })
    return OK
  },
}

/** The Daemon with its log: the one given by flag, else the running daemon's, else the default one. */
async function logged(call: Call, follow: boolean): Promise<{ source: Daemon; missing?: string }> {
  const daemon = daemonToControl(call)
  const told = call.words.values.log
  if (call.daemon !== undefined) return { source: daemon }
  // The pidfile is not asked where the log is given.
  const asked = told === undefined ? await daemon.status() : undefined
  if (asked?.state === 'running' && process.platform === 'linux') return { source: daemon }
  const path = typeof told === 'string' ? told : defaultLog(daemon)
  // logrotate renames it, and a daemon that does not run makes no new one.
  const isThere = ifPermitted(() => [path, `${path}.1`].some(existsSync), true)
  if (isThere || follow) {
    const source = daemon.with({ log: path })
    return isThere ? { source } : { source, missing: path }
  }
  if (asked?.state === 'unverified') {
    throw new CommandError(
      `there is no log ${path}, and where else it may be cannot be told (${asked.reason}): give --log FILE`,
    )
  }
  const start = asked?.state === 'running' ? '' : `start ${nameOf(daemon)}, or `
  const advice = told === undefined ? `${start}give --log FILE` : 'give another --log'
  throw new CommandError(`there is no log ${path} yet: ${advice}`)
}

/** Makes the error of a missing log one of the command: the command line may be right all the same. */
function withoutLog(error: unknown, flags: readonly Flag[]): unknown {
  if (!(error instanceof InvalidOptionError) || error.option !== 'log') return error
  const message = messageIn(languageOf(flags, { log: 'The log' }), error) ?? error.message
  return new CommandError(message, { cause: error })
}
