/**
 * Turns a user's options into complete settings. Finds every fault that shows without asking the system.
 * Runs in both processes.
 */

import { DaemonError } from '../errors.js'
import { isA, messageOf } from '../handover/thrown.js'
import { didYouMean, invalid, named, refused, say, show } from '../say.js'
import { refuseAbsent } from './absent.js'
import { checkCompileCacheAlone } from './compile-cache.js'
import { currentFolder } from './current-folder.js'
import { executableOf, readyModeOf } from './executable.js'
import { keeperOf } from './keeper.js'
import { checkProcess } from './limits.js'
import { defaultPidFile } from './places.js'
import { PROCESS_OPTIONS, type ProcessTable } from './process-table.js'
import type { Form, Row, RowWithDefault } from './row.js'
import type {
  ConnectSettings,
  Defaulted,
  Given,
  GivenProcess,
  LogsSettings,
  OptionsForm,
  Settings,
  Stdio,
  StopSettings,
  Values,
} from './settings.js'
import { socketOf } from './socket.js'
import { NAMES, OPTIONS, type OptionName, optionsOf } from './table.js'

/** Those of `new Daemon()`. */
export const DAEMON_OPTIONS: readonly string[] = optionsOf('Daemon')

type Source = Readonly<Record<string, unknown>>

/**
 * Checks options and fills in the defaults.
 *
 * @param form - the call that takes the options
 * @param base - what they are given over, for `with()`: what `input` leaves out, or has as undefined, stays as it was
 * @throws InvalidOptionError naming option and value, for all that can be told without asking the system
 */
export function validateOptions(input: unknown, form: OptionsForm, base?: Settings): Settings {
  const source = readSource(form === 'with' ? (input ?? {}) : input, form)
  checkPairs(source)
  return complete(givenBy(source, base?.given), base)
}

/**
 * Checks the options of one `stop()`; what they leave out is as in `settings`.
 *
 * @throws InvalidOptionError naming option and value
 */
export function validateStopOptions(input: unknown, settings: StopSettings): StopSettings {
  const given = readOptions(readSource(input ?? {}, 'stop'))
  return {
    stopSignal: given.stopSignal ?? settings.stopSignal,
    stopTimeout: given.stopTimeout ?? settings.stopTimeout,
    forceKill: given.forceKill ?? settings.forceKill,
    stopGroup: settings.stopGroup,
    signal: given.signal ?? settings.signal,
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
  return readOptions(readSource(input ?? {}, 'wait')).signal ?? settings.signal
}

/**
 * Checks the options of `connect()` and fills in the defaults.
 *
 * @throws InvalidOptionError naming option and value
 */
export function validateConnectOptions(
  input: unknown,
  settings: Pick<StopSettings, 'signal'>,
): ConnectSettings {
  const { args = [], start, signal } = readOptions(readSource(input ?? {}, 'connect'))
  if (typeof args === 'function') throw invalid('args', args, 'an array')
  return { args, start: start ?? OPTIONS.start.default, signal: signal ?? settings.signal }
}

/**
 * Checks the options of `logs()` and fills in the defaults.
 *
 * @throws InvalidOptionError naming option and value
 */
export function validateLogsOptions(input: unknown, settings: Pick<StopSettings, 'signal'>): LogsSettings {
  const { lines, follow, signal } = readOptions(readSource(input ?? {}, 'logs'))
  return {
    lines: lines ?? OPTIONS.lines.default,
    follow: follow ?? OPTIONS.follow.default,
    signal: signal ?? settings.signal,
  }
}

/** Reads every property once (it may be a getter) and refuses those that `form` does not have. */
function readSource(input: unknown, form: Form): Source {
  const source: Source = readable('options', () => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      throw invalid('options', input, 'an object')
    }
    return { ...input } as Source
  })
  const allowed: readonly string[] = optionsOf(form)
  for (const [option, value] of Object.entries(source)) {
    if (!allowed.includes(option)) refuse(option, value, form)
  }
  return source
}

/**
 * Reads what a user gave, which may be a proxy or have getters.
 *
 * @throws InvalidOptionError with what these have thrown as `cause`
 */
function readable<T>(option: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (isA(error, DaemonError)) throw error
    // The value is not shown, nor kept: variables are often secret.
    throw refused(option, undefined, `cannot be read: ${messageOf(error)}`, '', error)
  }
}

const PLACES: Readonly<Record<Form, string>> = {
  Daemon: 'new Daemon()',
  daemonize: 'daemonize()',
  with: 'with()',
  stop: 'stop()',
  wait: 'this verb',
  logs: 'logs()',
  connect: 'connect()',
}

/** Whether an option of that form is a verb's own. */
function isVerbs(form: Form): boolean {
  return form === 'logs' || form === 'connect'
}

function refuse(option: string, value: unknown, form: Form): void {
  const name = NAMES.find((known) => known === option)
  const forms = name === undefined ? [] : OPTIONS[name].forms
  // The words of `logs()` and `connect()` are their own.
  if (forms.every(isVerbs)) {
    const elsewhere = NAMES.filter((known) => !OPTIONS[known].forms.every(isVerbs))
    const guess = didYouMean(option, [...optionsOf(form), ...elsewhere])
    const advice = guess === undefined ? '' : `Did you mean '${guess}'?`
    throw refused(option, value, 'is unknown', advice)
  }
  // As everywhere, undefined is the same as left out.
  if (value === undefined) return
  const home = forms.find((one) => one === 'Daemon' || one === 'daemonize')
  // Variables are often secret.
  const shown = option === 'env' ? '' : `(${show(value)}) `
  throw refused(
    option,
    option === 'env' ? undefined : value,
    `${shown}is no option of ${PLACES[form]}`,
    `It belongs to ${home === undefined ? 'with() and the verbs' : PLACES[home]}.`,
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

/** Checks the options that are given, one by one. */
function readOptions(source: Source): Values {
  const values: { -readonly [K in OptionName]?: Values[K] } = {}
  const read = <K extends OptionName>(name: K, row: Row<Values[K]> | RowWithDefault<Values[K]>): void => {
    const value = source[name]
    if (value === undefined) return
    values[name] = readable(name, () => row.check(name, value))
    refuseAbsent(name, values[name], 'default' in row ? row.default : undefined)
  }
  for (const name of NAMES) read(name, OPTIONS[name])
  return values
}

/** Options that are not given come from `base`. */
function givenBy(source: Source, base: Given | undefined): Given {
  const { log, ...values } = readOptions(source)
  const [stdout, stderr] = [values.stdout ?? log, values.stderr ?? log]
  return {
    ...base,
    ...values,
    ...(stdout === undefined ? {} : { stdout }),
    ...(stderr === undefined ? {} : { stderr }),
  }
}

/** Fills in the defaults, and checks what several options show together. */
function complete(given: Given, base: Settings | undefined): Settings {
  const executable = executableOf(given)
  for (const option of ['scriptArgs', 'execPath', 'execArgv'] as const) {
    if (given[option] !== undefined && given.script === undefined) {
      const what = say`(${show(given[option])}) is for a script, but there is no ${named('script')}`
      throw refused(option, given[option], what, say`Give ${named('script')} too, or leave it out.`)
    }
  }
  checkProcess(given)
  checkCompileCacheAlone(given)
  const none: Stdio = { kind: 'null' }
  const places = pidFileOf(given)
  return {
    ...defaulted(given),
    ...places,
    socket: socketOf(given, places.pidFile),
    executable,
    ready: readyModeOf(given),
    keeper: keeperOf(given),
    version: given.version,
    name: given.name,
    stdio: { stdin: given.stdin ?? none, stdout: given.stdout ?? none, stderr: given.stderr ?? none },
    cwd: given.cwd ?? (given.chroot === undefined ? (base?.cwd ?? currentFolder()) : '/'),
    title: given.title ?? given.name,
    process: ofProcess(given),
    logger: given.logger,
    run: given.run,
    script: given.script,
    execPath: given.execPath ?? process.execPath,
    execArgv: given.execArgv,
    signal: given.signal,
    given,
  }
}

/** The options that always have a value; the table's type says that these are all of them. */
function defaulted(given: Values): Defaulted {
  const all = NAMES.flatMap((name) => {
    const row: Row<unknown> | RowWithDefault<unknown> = OPTIONS[name]
    return 'default' in row && !row.forms.every(isVerbs) ? [[name, given[name] ?? row.default]] : []
  })
  return Object.fromEntries(all) as Defaulted
}

function ofProcess(given: Values): GivenProcess {
  const names = Object.keys(PROCESS_OPTIONS) as (keyof ProcessTable)[]
  return Object.fromEntries(names.map((name) => [name, given[name]])) as GivenProcess
}

/** @throws InvalidOptionError when the options do not tell, and nothing else does */
function pidFileOf(given: Pick<Given, 'name' | 'pidFile'>): Pick<Settings, 'pidFile' | 'defaultFolder'> {
  if (given.pidFile !== undefined) return { pidFile: given.pidFile, defaultFolder: undefined }
  if (given.name !== undefined) return defaultPidFile(given.name)
  const what = say`is missing, and so is ${named('pidFile')}`
  throw refused('name', undefined, what, 'Give one of them (or both).')
}
