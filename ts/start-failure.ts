/** What a failed start tells: the daemon's own error, its end, and the last of its log. */

import { existsSync } from 'node:fs'
import { ReadyTimeoutError, StartFailedError } from './errors.js'
import type { LaunchedDaemon } from './native.js'
import type { Settings } from './options.js'

/** How much of the log an error shows. */
const LOG_BYTES = 8_192
const LOG_LINES = 40

/** What is known of a daemon that has ended, or has been ended, before it was ready. */
export interface Failure {
  readonly told: Told
  readonly exitCode: number | undefined
  readonly exitSignal: string | undefined
  readonly log: string | undefined
  /** Why it could not be ended. */
  readonly livesOn: unknown
  /** Those it has started that could not be ended, by their PIDs. */
  left: readonly number[]
}

/** What the daemon has said of itself. */
export interface Told {
  error: Error | undefined
  exitCode: number | undefined
}

/** The daemon's error as it was told, as far as it can be read. */
export function revive(json: string | undefined): Error | undefined {
  try {
    const { message, ...told }: { message?: unknown } = JSON.parse(json ?? '')
    const error = new Error(String(message))
    // What is no Error has no stack, and where this one is made is nobody's business.
    error.stack = `${error}`
    for (const [key, value] of Object.entries(told)) {
      Object.defineProperty(error, key, {
        value,
        configurable: true,
        writable: true,
        enumerable: key !== 'stack' && key !== 'name',
      })
    }
    return error
  } catch {
    return undefined
  }
}

/** Whole lines from the end of what the daemon has written. */
export function logTail(launched: LaunchedDaemon): string | undefined {
  const bytes = launched.log(LOG_BYTES)
  if (bytes === null || bytes.length === 0) return undefined
  const lines = bytes.toString().trimEnd().split('\n')
  if (bytes.length === LOG_BYTES) lines.shift()
  return lines.slice(-LOG_LINES).join('\n')
}

function subject({ name, pidFile }: Settings): string {
  return name === undefined ? `The daemon of ${pidFile}` : `The daemon '${name}'`
}

export function startFailed(
  settings: Settings,
  { told, exitCode, exitSignal, log, livesOn, left }: Failure,
): StartFailedError {
  const ending =
    exitSignal !== undefined
      ? `was ended by ${exitSignal}`
      : exitCode !== undefined
        ? `exited with code ${exitCode}`
        : livesOn === undefined
          ? 'was killed, or ended without a word,'
          : `closed its channel, and has not been ended (${reasonOf(livesOn)}),`
  const why =
    told.error === undefined
      ? lastWord(log)
      : `: ${errorLine(told.error, log)}${unreadable(settings, told.error)}`
  const message = `${subject(settings)} ${ending} before it was ready${why}${leftBehind(left)}`
  const { pidFile } = settings
  return new StartFailedError(message, {
    pidFile,
    step: 'ready',
    exitCode,
    exitSignal,
    log,
    cause: told.error,
  })
}

/** A syntax error's own stack does not say where it is; what Node prints begins with that. */
function errorLine({ name, message }: Error, log: string | undefined): string {
  const [place] = (name === 'SyntaxError' && log?.match(/^(?:file:\/\/)?\/.*:\d+$/m)) || []
  return place === undefined ? `${name}: ${message}` : `${name}: ${message} (${place})`
}

/** What Node may not reach it says is not there. */
function unreadable({ script }: Settings, error: Error): string {
  const isMeant = script !== undefined && error.message.startsWith(`Cannot find module '${script}'`)
  return isMeant && existsSync(script)
    ? ' (it is there, but the daemon may not read it, or enter a folder on the way)'
    : ''
}

/** What Node prints last about an error that it cannot tell in another way; else what may be one. */
function lastWord(log: string | undefined): string {
  const lines = (log ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^Node\.js v\d|^ +at /.test(line))
  const error = lines.find((line) => /^\w*Error\b/.test(line))
  if (error !== undefined) return `: ${error}`
  const last = lines.at(-1)
  return last === undefined ? '' : `; the last line of its output: ${last}`
}

export function timeoutError(
  settings: Settings,
  pid: number,
  timeout: number,
  { told, log, livesOn, left }: Failure,
): ReadyTimeoutError {
  const advice = readyAdvice(settings)
  const ended = livesOn === undefined ? 'has been ended' : `could not be ended (${reasonOf(livesOn)})`
  const message = `${subject(settings)} was not ready within ${timeout} ms and ${ended}${leftBehind(left)}. ${advice}`
  return new ReadyTimeoutError(message, { pidFile: settings.pidFile, pid, timeout, log, cause: told.error })
}

function leftBehind(pids: readonly number[]): string {
  if (pids.length === 0) return ''
  const list = pids.join(', ')
  return `; what it has started could not be ended and lives on: process ${list}. End it as its user, or as root`
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
}

function readyAdvice({ ready, run, script }: Settings): string {
  const call = run === undefined && script !== undefined ? 'Daemon.current.ready()' : 'context.ready()'
  if (ready === 'manual') return `With ready: 'manual' it must call ${call}.`
  const endless = run === undefined ? 'A module whose top level never ends' : 'A run() that never returns'
  return `${endless} calls ${call}, or has ready: 'running'.`
}
