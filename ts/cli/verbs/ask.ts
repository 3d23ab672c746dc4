/** The verbs that ask a daemon, or tell it something. */

import { existsSync } from 'node:fs'
import { ifPermitted } from '../../binding/denied.js'
import type { Daemon } from '../../index.js'
import { InvalidOptionError } from '../../index.js'
import { messageIn } from '../../options/say.js'
import type { Status } from '../../types/status.js'
import { CommandError, UsageError } from '../errors.js'
import { OK, statusCode } from '../exit-codes.js'
import { type Flag, OPTION_FLAGS, OWN_FLAGS, WHICH } from '../flags.js'
import { bytes, duration, table } from '../format.js'
import { interruptible } from '../interrupt.js'
import { languageOf } from '../language.js'
import { printable } from '../output.js'
import { number, signal as signalOf } from '../read.js'
import { coloured } from '../state.js'
import { controlled, defaultLog, nameOf } from '../target.js'
import { logOf } from './list.js'
import type { Call, Verb } from './verb.js'

export const status: Verb = {
  name: 'status',
  summary: 'Say whether a daemon runs',
  form: { usage: '[flags] [NAME]', example: 'PROGRAM status web --json' },
  embedded: { usage: '[flags]', example: 'PROGRAM status --json' },
  codes: '0 running, 1 crashed, 3 stopped, 4 unknown',
  flags: WHICH,
  run: async (call) => {
    const daemon = controlled(call)
    const found = await daemon.status()
    call.out.data(found, describe(call, nameOf(daemon), found))
    return statusCode(found)
  },
}

function describe({ out }: Call, who: string, found: Status): string {
  const state = `${who} ${found.state === 'stopped' && found.stale ? 'has' : 'is'} ${coloured(out, found)}`
  if (found.state === 'unverified') return `${state}: ${found.reason} (${found.pidFile})`
  if (found.state === 'stopped') {
    const path = who === found.pidFile ? '' : ` (${found.pidFile})`
    return found.stale ? `${state}: its pidfile is left${path}` : `${state}${path}`
  }
  const { pid, pidFile, startedAt, uptime, memory, cpu } = found
  const rows = [
    ['pid', String(pid)],
    // In Sweden dates are written as ISO 8601 has them: 2026-01-31 12:00:00, in local time.
    ['started', startedAt?.toLocaleString('sv')],
    ['uptime', uptime === undefined ? undefined : duration(uptime)],
    ['memory', memory === undefined ? undefined : bytes(memory)],
    ['cpu', cpu === undefined ? undefined : duration(cpu)],
    ['pidfile', pidFile],
    ['log', logOf(pid)],
  ].flatMap(([name, value]) => (value === undefined ? [] : [[`  ${name}`, printable(value)]]))
  return `${state}\n${table(rows)}`
}

export const reload: Verb = {
  name: 'reload',
  summary: 'Let a daemon open its logs again and reload (SIGHUP)',
  form: { usage: '[flags] [NAME]', example: 'PROGRAM reload web' },
  embedded: { usage: '[flags]', example: 'PROGRAM reload' },
  codes: '0 told, 7 not running, 4 no rights, 1 failed',
  flags: WHICH,
  run: async (call) => {
    const daemon = controlled(call)
    await daemon.reload()
    call.out.data({ signal: 'SIGHUP' })
    call.out.note(`${nameOf(daemon)} was told to reload`)
    return OK
  },
}

export const signal: Verb = {
  name: 'signal',
  summary: 'Send a signal to a daemon, by name or number',
  form: { usage: '[flags] [NAME] SIGNAL', example: 'PROGRAM signal web SIGUSR2' },
  codes: '0 sent, 7 not running, 4 no rights, 1 failed',
  flags: WHICH,
  run: async (call) => {
    const { positionals, values } = call.words
    const given = positionals.at(-1) ?? ''
    const names = positionals.slice(0, -1)
    const isNamed = names.length > 0 || WHICH.some(({ name }) => values[name] !== undefined)
    if (given === '' || !isNamed) {
      throw new UsageError(`give a daemon and a signal, for example: ${call.program} signal web SIGUSR2`)
    }
    const daemon = controlled(call, names)
    const wanted = signalOf(given)
    await daemon.signal(wanted as NodeJS.Signals | number)
    call.out.data({ signal: wanted })
    call.out.note(`${nameOf(daemon)} was sent ${wanted}`)
    return OK
  },
}

export const logs: Verb = {
  name: 'logs',
  summary: 'Show the end of a log, and with -f what comes, until Ctrl-C',
  form: { usage: '[flags] [NAME]', example: 'PROGRAM logs web -f' },
  embedded: { usage: '[flags]', example: 'PROGRAM logs -f' },
  codes: '0 shown, 1 there is none, 4 no rights',
  flags: [...WHICH, ...OPTION_FLAGS.filter(({ name }) => name === 'log'), OWN_FLAGS.lines, OWN_FLAGS.follow],
  run: async (call) => {
    const { words, out } = call
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
        // To be ended is how following ends.
        if (!signal.aborted) throw withoutLog(error, logs.flags)
      }
    })
    return OK
  },
}

/** The Daemon with its log: as told, else that of the running daemon, else where it would be. */
async function logged(call: Call, follow: boolean): Promise<{ source: Daemon; missing?: string }> {
  const daemon = controlled(call)
  const told = call.words.values.log
  if (call.daemon !== undefined) return { source: daemon }
  // Whoever says which log it is does not depend on what the pidfile says.
  const asked = told === undefined && process.platform === 'linux' ? await daemon.status() : undefined
  if (asked?.state === 'running') return { source: daemon }
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
  const advice = told === undefined ? `start ${nameOf(daemon)}, or give --log FILE` : 'give another --log'
  throw new CommandError(`there is no log ${path} yet: ${advice}`)
}

/** The command line may be in order; there is nothing to show all the same. */
function withoutLog(error: unknown, flags: readonly Flag[]): unknown {
  if (!(error instanceof InvalidOptionError) || error.option !== 'log') return error
  const message = messageIn(languageOf(flags, { log: 'The log' }), error) ?? error.message
  return new CommandError(message, { cause: error })
}
