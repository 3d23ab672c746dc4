/** A start that shows its progress, and that Ctrl-C aborts. */

import { isA } from '../handover/thrown.js'
import { AlreadyRunningError, Daemon } from '../index.js'
import { OPTIONS } from '../options/table.js'
import type { Logger } from '../types/options.js'
import type { ExitInfo, Running } from '../types/status.js'
import { FAILED, OK } from './exit-codes.js'
import { advised } from './failure.js'
import { interrupted, interruptible } from './interrupt.js'
import type { Value } from './parse.js'
import { milliseconds } from './read.js'
import { hasEnded, type Interrupted, isAlreadyRunning, isRunning } from './states.js'
import { nameOf } from './target.js'
import type { Call, Form } from './verbs/verb.js'

/** Exit codes of a start. */
export const STARTS = '0 it runs, 1 could not be started, 130 Ctrl-C'

/** Advice for a start that has waited in vain for another one. */
const OTHER_STARTS = 'Wait longer for it by --ready-timeout, or stop it.'

/** How a verb that starts is called. */
export function starting(verb: string): { form: Form; embedded: Form } {
  return {
    form: {
      usage: '[flags] SCRIPT [-- ARGS] | [flags] -- PROGRAM [ARGS]',
      example: `PROGRAM ${verb} --name web server.js -- 8080`,
    },
    embedded: { usage: '[flags] [ARGS]', example: `PROGRAM ${verb} --ready-timeout 60000` },
  }
}

type Begin = (patient: Daemon) => Promise<Running>

/**
 * Starts the daemon by `verb`.
 *
 * @param left - what Ctrl-C leaves
 */
export async function begin(call: Call, daemon: Daemon, left: Interrupted, verb: Begin): Promise<number> {
  const { out, words } = call
  const who = nameOf(daemon)
  const progress = new Progress(call, who)
  progress.show('starting')
  const wasDaemon = Daemon.current !== undefined
  return await interruptible(call, async (signal) => {
    try {
      // In the daemon this call says which body to run, with the daemon's own logger.
      const patient = wasDaemon ? daemon : daemon.with({ signal, logger: progress.logger })
      const running = await afterOthers(patient, verb, othersTime(words.values['ready-timeout']))
      if (running.ended !== undefined) return await tellEnded(call, daemon, running, running.ended)
      out.data(running)
      // A daemon that does not detach is this process by now: from here on people see its own output.
      if (wasDaemon || Daemon.current === undefined) out.note(isRunning(who, running.pid))
      return OK
    } catch (error) {
      if (signal.aborted) throw await interrupted(daemon, left)
      if (!isA(error, AlreadyRunningError)) throw error
      const { pid, pidFile } = error
      if (!(await serves(daemon))) throw advised(error, OTHER_STARTS)
      out.data({ state: 'running', pid, pidFile, alreadyRunning: true })
      out.note(isAlreadyRunning(who, pid))
      return OK
    } finally {
      progress.end()
    }
  })
}

/** Shows progress. The program's own logger is told as well. */
export class Progress {
  readonly logger: Logger
  #isOver = false
  readonly #call: Call
  readonly #who: string

  constructor(call: Call, who: string) {
    this.#call = call
    this.#who = who
    const { logger } = call
    const showing = (level: keyof Logger) => {
      return (text: string, ...rest: unknown[]): void => {
        if (level !== 'debug') this.show(text)
        logger?.[level](text, ...rest)
      }
    }
    this.logger = {
      debug: showing('debug'),
      info: showing('info'),
      warn: showing('warn'),
      error: showing('error'),
    }
  }

  show(text: string): void {
    if (!this.#isOver) this.#call.out.progress(`${this.#who}: ${text}`)
  }

  end(): void {
    this.#isOver = true
    this.#call.out.endProgress()
  }
}

/** Tells how a daemon has ended that began without failing and had nothing left to do. */
async function tellEnded({ out }: Call, daemon: Daemon, { pid }: Running, ended: ExitInfo): Promise<number> {
  const status = await daemon.status()
  const { pidFile } = daemon
  const stopped = status.state === 'stopped' ? status : { state: 'stopped', pidFile, stale: false }
  out.data({ ...stopped, pid, ended })
  out.note(hasEnded(nameOf(daemon), ended))
  const { code, signal } = ended
  return signal === undefined && (code ?? 0) === 0 ? OK : FAILED
}

/** How long to wait for another start, in milliseconds: as long as this one may take, by flag or by default. */
function othersTime(given: Value | undefined): number {
  return typeof given === 'string' ? milliseconds(given, 'ready-timeout') : OPTIONS.readyTimeout.default
}

/** Waits for another start that is under way. If that fails, this start takes its turn. */
async function afterOthers(daemon: Daemon, verb: Begin, patience: number): Promise<Running> {
  const until = performance.now() + patience
  for (;;) {
    try {
      return await verb(daemon)
    } catch (error) {
      // This does not spin, because a start waits two seconds for the outcome of another one.
      const isUndecided = isA(error, AlreadyRunningError) && !(await serves(daemon))
      if (!isUndecided || performance.now() >= until) throw error
    }
  }
}

async function serves(daemon: Daemon): Promise<boolean> {
  const status = await daemon.status()
  return status.state === 'running' && status.starting !== true
}
