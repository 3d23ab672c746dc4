/** The verbs that start and stop one daemon. */

import { isA } from '../../handover/thrown.js'
import { AlreadyRunningError, Daemon } from '../../index.js'
import { OPTIONS } from '../../options/table.js'
import { isSupervised } from '../../supervisor/environment.js'
import type { Logger } from '../../types/options.js'
import type { ExitInfo, Running } from '../../types/status.js'
import { FAILED, OK } from '../exit-codes.js'
import { FOREGROUND_FLAGS, LAUNCH_FLAGS, OPTION_FLAGS, OWN_FLAGS } from '../flags.js'
import { interrupted, interruptible } from '../interrupt.js'
import type { Value } from '../parse.js'
import { milliseconds } from '../read.js'
import { controlled, nameOf, startable } from '../target.js'
import { stopAll, stopOne, stopped } from './stopping.js'
import type { Call, Form, Verb } from './verb.js'

const STARTS = '0 it runs, 1 could not be started, 130 Ctrl-C'

function starting(verb: string): { form: Form; embedded: Form } {
  return {
    form: {
      usage: '[flags] SCRIPT [-- ARGS]',
      example: `PROGRAM ${verb} --name web server.js -- 8080`,
    },
    embedded: { usage: '[flags] [ARGS]', example: `PROGRAM ${verb} --ready-timeout 60000` },
  }
}

export const start: Verb = {
  name: 'start',
  summary: 'Start a daemon and wait until it serves',
  ...starting('start'),
  codes: STARTS,
  flags: OPTION_FLAGS,
  run: async (call) => {
    const detach = call.words.values.detach ?? 'auto'
    const detaches = detach !== 'false' && (detach !== 'auto' || !isSupervised())
    const { daemon, args } = startable(call, detaches)
    if (!detaches) return await foreground(call, daemon, args)
    return await begin(call, daemon, 'runs', (patient) => patient.start(...args))
  },
}

export const restart: Verb = {
  name: 'restart',
  summary: 'Stop a daemon, if it runs, and start it',
  ...starting('restart'),
  codes: STARTS,
  flags: LAUNCH_FLAGS,
  run: async (call) => {
    const { daemon, args } = startable(call, true)
    const lives = 'has been asked to stop, was not started again, and still runs'
    return await begin(call, daemon, lives, (patient) => patient.restart(...args))
  },
}

export const run: Verb = {
  name: 'run',
  summary: 'Run a daemon in the foreground, for supervisors and containers',
  ...starting('run'),
  codes: "the script's own; 1 it could not be started",
  flags: FOREGROUND_FLAGS,
  run: async (call) => {
    const { daemon, args } = startable(call, false)
    return await foreground(call, daemon, args)
  },
}

const STOP_FLAGS = OPTION_FLAGS.filter(({ name }) => /^(?:name|pid-file|stop-\w+|no-force-kill)$/.test(name))

export const stop: Verb = {
  name: 'stop',
  summary: 'Stop a daemon and wait until it is gone',
  form: { usage: '[flags] [NAME | --all]', example: 'PROGRAM stop web --stop-timeout 30000' },
  embedded: { usage: '[flags]', example: 'PROGRAM stop --stop-timeout 30000' },
  codes: '0 gone, 1 lives on, 4 no rights, 130 Ctrl-C',
  flags: [...STOP_FLAGS, OWN_FLAGS.all],
  run: async (call) => {
    if (call.words.values.all === true) return await stopAll(call)
    const daemon = controlled(call)
    const who = nameOf(daemon)
    call.out.progress(`${who}: stopping`)
    const result = await interruptible(call, (interrupt) => stopOne(daemon, interrupt))
    call.out.data(result)
    call.out.note(stopped(who, result))
    return OK
  },
}

/** In this process; it lives on when this has resolved. */
async function foreground({ words }: Call, daemon: Daemon, args: readonly string[]): Promise<number> {
  try {
    await daemon.foreground(...args)
    return OK
  } catch (error) {
    // In which file and line that is only Node.js knows, which tells it when nobody catches it.
    if (isA(error, SyntaxError) && words.values.json !== true) {
      queueMicrotask(() => {
        throw error
      })
    }
    throw error
  }
}

type Begin = (patient: Daemon) => Promise<Running>

/**
 * A start that Ctrl-C aborts, and that shows the daemon's progress meanwhile. One that was there before `lives` on
 * then.
 */
async function begin(call: Call, daemon: Daemon, lives: string, verb: Begin): Promise<number> {
  const { out, words } = call
  const who = nameOf(daemon)
  const progress = (text: string): void => out.progress(`${who}: ${text}`)
  const logger: Logger = { debug: () => {}, info: progress, warn: progress, error: progress }
  progress('starting')
  return await interruptible(call, async (signal) => {
    try {
      // In the daemon this very call says which body to run: with its own logger.
      const patient = Daemon.current === undefined ? daemon.with({ signal, logger }) : daemon
      const running = await afterOthers(patient, verb, othersTime(words.values['ready-timeout']))
      if (running.ended !== undefined) return await tellEnded(call, daemon, running, running.ended)
      out.data(running)
      out.note(`${who} is running with PID ${running.pid}`)
      return OK
    } catch (error) {
      if (signal.aborted) throw await interrupted(daemon, lives, 'was not started')
      if (!isA(error, AlreadyRunningError)) throw error
      const { pid, pidFile } = error
      if (!(await serves(daemon))) throw error
      out.data({ state: 'running', pid, pidFile, alreadyRunning: true })
      out.note(`${who} is already running${pid === undefined ? '' : ` with PID ${pid}`}`)
      return OK
    }
  })
}

/** It has begun without failing, and is gone: what is said of it is how it ended. */
async function tellEnded({ out }: Call, daemon: Daemon, { pid }: Running, ended: ExitInfo): Promise<number> {
  const status = await daemon.status()
  const { pidFile } = daemon
  const stopped = status.state === 'stopped' ? status : { state: 'stopped', pidFile, stale: false }
  out.data({ ...stopped, pid, ended })
  const { code, signal } = ended
  const how = signal !== undefined ? `, by ${signal}` : code !== undefined ? `, with code ${code}` : ''
  out.note(`${nameOf(daemon)} has ended already${how}`)
  return signal === undefined && (code ?? 0) === 0 ? OK : FAILED
}

/** How long another start is waited for: as long as one may take of which nobody says more. */
function othersTime(given: Value | undefined): number {
  return typeof given === 'string' ? milliseconds(given, 'ready-timeout') : OPTIONS.readyTimeout.default
}

/** What is being started by somebody else may still fail: then this start takes its turn. */
async function afterOthers(daemon: Daemon, verb: Begin, patience: number): Promise<Running> {
  const until = performance.now() + patience
  for (;;) {
    try {
      return await verb(daemon)
    } catch (error) {
      // No loop without a pause: a start waits two seconds for the outcome of another one.
      const isUndecided = isA(error, AlreadyRunningError) && !(await serves(daemon))
      if (!isUndecided || performance.now() >= until) throw error
    }
  }
}

async function serves(daemon: Daemon): Promise<boolean> {
  const status = await daemon.status()
  return status.state === 'running' && status.starting !== true
}
