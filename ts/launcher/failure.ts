/**
 * The errors of failed starts: with the daemon's own error, its end, and the last lines of its log. Runs in the
 * launcher, and in the helper that restarts a daemon.
 *
 * This reads only such messages of Node.js whose facts have no field: the place of a syntax error is in the output, and
 * the name of a missing module in the error's message. daimon's own layers pass facts in fields.
 */

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { explainDenial, isDenied } from '../binding/denied.js'
import { systemError } from '../binding/errors.js'
import { SUPERUSER } from '../binding/platform.js'
import { ReadyTimeoutError, StartFailedError } from '../errors.js'
import { messageOf } from '../handover/thrown.js'
import { canReach, type Identity } from '../options/access.js'
import { identityOf } from '../options/identity.js'
import { scriptOrPath, shellOf } from '../options/script.js'
import type { ExecutableSettings, StartSettings } from '../options/settings.js'
import { errorOf, named, say, set, type Text } from '../say.js'
import { lastWord } from './last-word.js'

/** How many lines Node.js prints of the place of an error, before the error itself. */
const LINES_OF_PLACE = 5
/** The most characters of the daemon's own words in a message; `cause` and `log` have more. */
const LONGEST_WORD = 2_000

/** The facts about a daemon that has ended, or was ended, before it was ready. */
export interface Failure {
  readonly told: Told
  readonly exitCode: number | undefined
  readonly exitSignal: string | undefined
  readonly log: string | undefined
  /** Whether others have written to the log meanwhile, as the bodies that an upgrade is to replace. */
  readonly isLogShared?: boolean
  /** The reason why it could not be ended. */
  livesOn: unknown
  /** The PIDs of its processes that could not be ended. */
  left: readonly number[]
}

/** The daemon's own reports. */
export interface Told {
  error: Error | undefined
  exitCode: number | undefined
}

/** The daemon in words. */
export function subject({ name, pidFile }: StartSettings): string {
  return name === undefined ? `The daemon of ${pidFile}` : `The daemon '${name}'`
}

/**
 * The error of a daemon that ended before it was ready.
 *
 * @param who - what has ended
 */
export function startFailed(
  settings: StartSettings,
  { told, exitCode, exitSignal, log, isLogShared, livesOn, left }: Failure,
  who: string = subject(settings),
): StartFailedError {
  const ending =
    exitSignal !== undefined
      ? `was ended by ${exitSignal}`
      : exitCode !== undefined
        ? `exited with code ${exitCode}`
        : livesOn === undefined
          ? // What has begun it has said so itself.
            told.error === undefined
            ? 'ended without an exit code (killed?)'
            : 'could not go on'
          : `closed its channel, and could not be ended (${messageOf(livesOn)}),`
  const error = ofKeeper(told.error)
  const why = shortened(error === undefined ? lastWord(log, isLogShared) : `: ${errorLine(error, log)}`)
  const about =
    error === undefined
      ? aboutEnd(settings, exitCode)
      : say`${aboutScript(settings, error)}${aboutFolder(settings, error)}${aboutInterpreter(settings, error)}`
  const { pidFile } = settings
  const text = say`${who} ${ending} before it was ready${why}${about}${leftBehind(left)}`
  return errorOf(text, (message) => {
    const step = isOfExec(error) ? 'exec' : 'ready'
    return new StartFailedError(message, { pidFile, step, exitCode, exitSignal, log, cause: error })
  })
}

/** Whether the program was never executed. */
function isOfExec(error: Error | undefined): boolean {
  return error !== undefined && Reflect.get(error, 'syscall') === 'execve'
}

function errorLine(error: Error, log: string | undefined): string {
  const { name, message } = error
  if (isDenied(error)) return `${name}: ${explainDenial(error)}`
  const place = name === 'SyntaxError' ? placeOf(`${name}: ${message}`, log) : undefined
  return place === undefined ? `${name}: ${message}` : `${name}: ${message} (${place})`
}

/**
 * Where an error is, by what Node.js prints of it: the place, the line, a mark below it, and the error. No field of a
 * syntax error has it, nor has its stack.
 */
function placeOf(error: string, log = ''): string | undefined {
  const lines = log.split('\n')
  const [first = ''] = error.split('\n')
  const end = lines.map((line) => line.startsWith(first)).lastIndexOf(true)
  const before = lines.slice(Math.max(0, end - LINES_OF_PLACE), Math.max(0, end))
  return before.find((line) => /^(?:file:\/\/\/|\/|[A-Za-z]:\\).*:\d+$/.test(line))
}

/** The keeper's own error, which has the system's number: with the name, and the text, that Node.js has for it. */
function ofKeeper(error: Error | undefined): Error | undefined {
  if (error === undefined || codeOf(error) !== undefined) return error
  const [errno, syscall] = [Reflect.get(error, 'errno'), Reflect.get(error, 'syscall')]
  if (typeof errno !== 'number' || typeof syscall !== 'string') return error
  const { code, message } = systemError({ errno, syscall })
  const told = Object.assign(new Error(`${error.message}: ${message}`), { code, errno, syscall })
  told.stack = `${told}`
  return told
}

/** A script that calls daemonize() is a launcher itself, and ends with code 0. The daemon that executes it ends so. */
function aboutEnd({ script, run }: StartSettings, exitCode: number | undefined): string {
  if (script === undefined || run !== undefined || exitCode !== 0) return ''
  const { file } = scriptOrPath(script)
  return callsDaemonize(file)
    ? `. A script that calls daemonize() is not started so: give ${file} to node`
    : ''
}

function callsDaemonize(file: string): boolean {
  try {
    return /\bdaemonize\(/.test(readFileSync(file, 'utf8'))
  } catch {
    return false
  }
}

/** The system says of a program that it is not there where its interpreter is not, execve(2). */
function aboutInterpreter({ executable, cwd }: StartSettings, error: Error): string {
  if (executable === undefined || !isOfExec(error) || codeOf(error) !== 'ENOENT') return ''
  const isThere = executable.program.includes('/') && existsSync(resolve(cwd ?? '.', executable.program))
  return isThere ? '. The program is there: the interpreter that its first line names is not' : ''
}

/** Advice for an error that the script itself has caused. */
function aboutScript({ script }: StartSettings, error: Error): string {
  if (script === undefined) return ''
  const { main, file } = scriptOrPath(script)
  if (isMissing(error, main)) return notReached(file)
  const isForeign = error.name === 'SyntaxError' || codeOf(error) === 'ERR_UNKNOWN_FILE_EXTENSION'
  const shell = isForeign ? shellOf(file) : undefined
  return shell === undefined
    ? ''
    : `. By its first line the script is one for ${shell}, not for Node.js: give the JavaScript that it executes`
}

/** Whether that module was not found. Which one it was Node.js tells in its message alone. */
function isMissing(error: Error, main: string): boolean {
  const code = codeOf(error)
  const isLost = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND'
  return isLost && error.message.startsWith(`Cannot find module '${main}'`)
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined
}

/** Node.js says of a file that it may not reach that the file is not there. */
function notReached(file: string): string {
  try {
    return existsSync(file)
      ? ' (it is there, but the daemon may not read it, or enter a folder on the way)'
      : ''
  } catch (error) {
    return isDenied(error) ? ` (${explainDenial(error)})` : ''
  }
}

/** Another user than the launcher's may not be allowed to enter the launcher's folder. */
function aboutFolder({ cwd, given, process: { user, group, chroot } }: StartSettings, error: Error): Text {
  if (given.cwd !== undefined || cwd === undefined || chroot !== undefined || user === undefined) return ''
  // A module in that folder is not found: no field says which.
  const isLost = codeOf(error) === 'EACCES' || error.message.includes(`'${cwd}/`)
  const identity = isLost ? identityOf(user, group) : undefined
  if (identity === undefined || isReached(cwd, identity)) return ''
  const where = `the current folder, ${cwd}, which user ${user} may not enter`
  return say`. It runs in ${where}: give ${named('cwd')}`
}

function isReached(folder: string, identity: Identity): boolean {
  try {
    return canReach(folder, identity)
  } catch {
    // Nothing is known of it.
    return true
  }
}

/** The error of a daemon that was not ready in time. */
export function timeoutError(
  settings: StartSettings,
  pid: number,
  timeout: number,
  { told, log, livesOn, left }: Failure,
): ReadyTimeoutError {
  const advice = readyAdvice(settings)
  const ended = livesOn === undefined ? 'has been ended' : `could not be ended (${messageOf(livesOn)})`
  const late = `${subject(settings)} was not ready within ${timeout} ms and ${ended}${leftBehind(left)}`
  const { pidFile } = settings
  return errorOf(say`${late}. ${advice}`, (message) => {
    return new ReadyTimeoutError(message, { pidFile, pid, timeout, log, cause: told.error })
  })
}

function shortened(text: string): string {
  if (text.length <= LONGEST_WORD) return text
  // Half of a character is none.
  return `${text.slice(0, LONGEST_WORD).replace(/[\ud800-\udbff]$/, '')}…`
}

function leftBehind(pids: readonly number[]): string {
  if (pids.length === 0) return ''
  const advice = `End it as its user, or as ${SUPERUSER}`
  return `; what it has started could not be ended and lives on: process ${pids.join(', ')}. ${advice}`
}

function readyAdvice({ ready, run, script, executable }: StartSettings): Text {
  if (executable !== undefined) return programAdvice(executable)
  const call = run === undefined && script !== undefined ? 'Daemon.current.ready()' : 'context.ready()'
  if (ready === 'manual') return say`With ${set('ready', 'manual')} it must call ${call}.`
  const endless = run === undefined ? 'A module whose top level never ends' : 'A run() that never returns'
  return say`${endless} calls ${call}, or has ${set('ready', 'running')}.`
}

function programAdvice({ ready }: ExecutableSettings): Text {
  if (ready === 'notify')
    return say`With ${set('ready', 'notify')} it must say READY=1 to NOTIFY_SOCKET (sd_notify).`
  if (ready === 'running') return ''
  const { port, host, path } = ready
  const where = path ?? (host === undefined ? `port ${port}` : `port ${port} of ${host}`)
  return say`Nobody accepted connections at ${where}, where ${named('ready')} says.`
}
