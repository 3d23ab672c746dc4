/** From what a user wrote to complete settings. Everything that the values alone show is found here. */

import { signalNumber } from '../binding/signal-names.js'
import { currentFolder } from './current-folder.js'
import { checkProcess, PROCESS_OPTIONS, readProcess } from './limits.js'
import { logValue } from './log.js'
import { defaultPidFile } from './places.js'
import { didYouMean, invalid, named, refused, say, show } from './say.js'
import type { Given, LogsSettings, OptionsForm, Settings, Stdio, StopSettings } from './settings.js'
import { signalsValue } from './signals.js'
import * as check from './values.js'

const COMMON = [
  'name',
  'pidFile',
  'pidFileMode',
  'stdin',
  'stdout',
  'stderr',
  'log',
  'cwd',
  'umask',
  'env',
  'cleanEnv',
  'title',
  'ready',
  'readyTimeout',
  'lockTimeout',
  'detach',
  'stopSignal',
  'stopTimeout',
  'forceKill',
  'stopGroup',
  'signals',
  'logger',
  ...PROCESS_OPTIONS,
]
const BODY = ['run', 'script', 'scriptArgs', 'execPath', 'execArgv']
const DAEMONIZE = ['args', 'exit']
const LOGS = ['lines', 'follow', 'signal']
const STOP = ['stopSignal', 'stopTimeout', 'forceKill', 'signal']

const ALLOWED: Record<OptionsForm | 'verb' | 'wait' | 'logs', readonly string[]> = {
  Daemon: [...COMMON, ...BODY],
  daemonize: [...COMMON, ...DAEMONIZE],
  with: [...COMMON, ...BODY, 'signal'],
  verb: STOP,
  wait: ['signal'],
  logs: LOGS,
}

/** Those of `new Daemon()`. */
export const DAEMON_OPTIONS: readonly string[] = ALLOWED.Daemon

type Source = Readonly<Record<string, unknown>>

/**
 * Checks options and fills in the defaults.
 *
 * @param form - whose options they are
 * @param base - what they are given over, for `with()`: what `input` leaves out, or has as undefined, stays as it was
 * @throws InvalidOptionError naming option and value, for all that can be told without asking the system
 */
export function validateOptions(input: unknown, form: OptionsForm, base?: Settings): Settings {
  const source = readSource(form === 'with' ? (input ?? {}) : input, form)
  checkPairs(source)
  return complete(read(source, base?.given), base)
}

/**
 * Checks the options of one `stop()`; what they leave out is as in `settings`.
 *
 * @throws InvalidOptionError naming option and value
 */
export function validateStopOptions(input: unknown, settings: StopSettings): StopSettings {
  const source = readSource(input ?? {}, 'verb')
  const option = reader(source)
  return {
    stopSignal: option('stopSignal', (name, value) => signalNumber(value, name)) ?? settings.stopSignal,
    stopTimeout: option('stopTimeout', check.timeValue) ?? settings.stopTimeout,
    forceKill: option('forceKill', check.booleanValue) ?? settings.forceKill,
    stopGroup: settings.stopGroup,
    signal: option('signal', check.abortSignalValue) ?? settings.signal,
  }
}

/**
 * Checks the options of a verb that has none but `signal`; without one the signal is that of `settings`.
 *
 * @throws InvalidOptionError naming option and value
 */
export function validateWaitOptions(
  input: unknown,
  settings: Pick<StopSettings, 'signal'>,
): AbortSignal | undefined {
  const source = readSource(input ?? {}, 'wait')
  return reader(source)('signal', check.abortSignalValue) ?? settings.signal
}

/**
 * Checks the options of `logs()` and fills in the defaults.
 *
 * @throws InvalidOptionError naming option and value
 */
export function validateLogsOptions(input: unknown, settings: Pick<StopSettings, 'signal'>): LogsSettings {
  const option = reader(readSource(input ?? {}, 'logs'))
  return {
    lines: option('lines', check.linesValue) ?? 10,
    follow: option('follow', check.booleanValue) ?? false,
    signal: option('signal', check.abortSignalValue) ?? settings.signal,
  }
}

/** Reads every property once (it may be a getter) and refuses those that `form` does not have. */
function readSource(input: unknown, form: keyof typeof ALLOWED): Source {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid('options', input, 'an object')
  }
  const source: Record<string, unknown> = { ...input }
  for (const [option, value] of Object.entries(source)) {
    if (!ALLOWED[form].includes(option)) refuse(option, value, form)
  }
  return source
}

function refuse(option: string, value: unknown, form: keyof typeof ALLOWED): void {
  const elsewhere = [...COMMON, ...BODY, ...DAEMONIZE, 'signal']
  if (!elsewhere.includes(option)) {
    const guess = didYouMean(option, [...ALLOWED[form], ...elsewhere])
    const advice = guess === undefined ? '' : `Did you mean '${guess}'?`
    throw refused(option, value, `is ${show(value)}, an unknown option`, advice)
  }
  // As everywhere, undefined is the same as left out.
  if (value === undefined) return
  const home = DAEMONIZE.includes(option)
    ? 'daemonize()'
    : option === 'signal'
      ? 'with() and the verbs'
      : 'new Daemon()'
  const place = {
    Daemon: 'new Daemon()',
    daemonize: 'daemonize()',
    with: 'with()',
    verb: 'stop()',
    wait: 'this verb',
    logs: 'logs()',
  }
  // Variables are often secret.
  const shown = option === 'env' ? '' : `(${show(value)}) `
  throw refused(
    option,
    option === 'env' ? undefined : value,
    `${shown}is no option of ${place[form]}`,
    `It belongs to ${home}.`,
  )
}

/** Pairs that contradict each other within one object. */
function checkPairs(source: Source): void {
  for (const option of ['stdout', 'stderr']) {
    if (source.log !== undefined && source[option] !== undefined) {
      const log = say`${named('log')} (${show(source.log)})`
      const what = say`(${show(source[option])}) contradicts ${log}, which is for both streams`
      throw refused(option, source[option], what, 'Give one or the other.')
    }
  }
}

type Reader = <T>(option: string, convert: (option: string, value: unknown) => T) => T | undefined

function reader(source: Source): Reader {
  return (option, convert) => {
    const value = source[option]
    return value === undefined ? undefined : convert(option, value)
  }
}

function stream(option: Reader, name: 'stdin' | 'stdout' | 'stderr'): Stdio | undefined {
  return option(name, (_, value) => check.stdioValue(name, value))
}

/** Checks the options one by one; what is not given is taken from `base`. */
function read(source: Source, base: Given | undefined): Given {
  const option = reader(source)
  const log = option('log', logValue)
  return {
    name: option('name', check.nameValue) ?? base?.name,
    pidFile: option('pidFile', check.pathValue) ?? base?.pidFile,
    pidFileMode: option('pidFileMode', check.pidFileModeValue) ?? base?.pidFileMode,
    stdin: stream(option, 'stdin') ?? base?.stdin,
    stdout: stream(option, 'stdout') ?? log ?? base?.stdout,
    stderr: stream(option, 'stderr') ?? log ?? base?.stderr,
    cwd: option('cwd', check.pathValue) ?? base?.cwd,
    umask: option('umask', check.modeValue) ?? base?.umask,
    env: option('env', check.envValue) ?? base?.env,
    cleanEnv: option('cleanEnv', check.booleanValue) ?? base?.cleanEnv,
    title: option('title', check.titleValue) ?? base?.title,
    args: option('args', check.argsValue) ?? base?.args,
    exit: option('exit', check.booleanValue) ?? base?.exit,
    lockTimeout: option('lockTimeout', check.timeValue) ?? base?.lockTimeout,
    ready: option('ready', check.readyValue) ?? base?.ready,
    readyTimeout: option('readyTimeout', check.timeValue) ?? base?.readyTimeout,
    detach: option('detach', check.detachValue) ?? base?.detach,
    stopSignal: option('stopSignal', (name, value) => signalNumber(value, name)) ?? base?.stopSignal,
    stopTimeout: option('stopTimeout', check.timeValue) ?? base?.stopTimeout,
    forceKill: option('forceKill', check.booleanValue) ?? base?.forceKill,
    stopGroup: option('stopGroup', check.booleanValue) ?? base?.stopGroup,
    process: readProcess(option, base?.process),
    signals: option('signals', signalsValue) ?? base?.signals,
    logger: option('logger', check.loggerValue) ?? base?.logger,
    run: option('run', check.runValue) ?? base?.run,
    script: option('script', check.pathValue) ?? base?.script,
    scriptArgs: option('scriptArgs', check.stringsValue) ?? base?.scriptArgs,
    execPath: option('execPath', check.pathValue) ?? base?.execPath,
    execArgv: option('execArgv', check.stringsValue) ?? base?.execArgv,
    signal: option('signal', check.abortSignalValue) ?? base?.signal,
  }
}

/** Fills in the defaults, and checks what several options show together. */
function complete(given: Given, base: Settings | undefined): Settings {
  for (const option of ['scriptArgs', 'execPath', 'execArgv'] as const) {
    if (given[option] !== undefined && given.script === undefined) {
      const what = say`(${show(given[option])}) is for a script, but there is no ${named('script')}`
      throw refused(option, given[option], what, say`Give ${named('script')} too, or leave it out.`)
    }
  }
  checkProcess(given.process)
  const none: Stdio = { kind: 'null' }
  return {
    ...pidFileOf(given),
    name: given.name,
    pidFileMode: given.pidFileMode ?? 0o600,
    stdio: { stdin: given.stdin ?? none, stdout: given.stdout ?? none, stderr: given.stderr ?? none },
    cwd: given.cwd ?? (given.process.chroot === undefined ? (base?.cwd ?? currentFolder()) : '/'),
    umask: given.umask ?? 0o022,
    env: given.env ?? {},
    cleanEnv: given.cleanEnv ?? false,
    title: given.title ?? given.name,
    args: given.args ?? [],
    exit: given.exit ?? true,
    lockTimeout: given.lockTimeout ?? 0,
    ready: given.ready ?? 'auto',
    readyTimeout: given.readyTimeout ?? 30_000,
    detach: given.detach ?? 'auto',
    stopSignal: given.stopSignal ?? signalNumber('SIGTERM', 'stopSignal'),
    stopTimeout: given.stopTimeout ?? 10_000,
    forceKill: given.forceKill ?? true,
    stopGroup: given.stopGroup ?? false,
    process: given.process,
    signals: given.signals ?? {},
    logger: given.logger,
    run: given.run,
    script: given.script,
    scriptArgs: given.scriptArgs ?? [],
    execPath: given.execPath ?? process.execPath,
    execArgv: given.execArgv,
    signal: given.signal,
    given,
  }
}

/** @throws InvalidOptionError when the options do not tell, and nothing else does */
function pidFileOf(given: Pick<Given, 'name' | 'pidFile'>): Pick<Settings, 'pidFile' | 'defaultFolder'> {
  if (given.pidFile !== undefined) return { pidFile: given.pidFile, defaultFolder: undefined }
  if (given.name !== undefined) return defaultPidFile(given.name)
  const what = say`is missing, and so is ${named('pidFile')}`
  throw refused('name', undefined, what, 'Give one of them (or both).')
}
