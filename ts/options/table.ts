/**
 * The table of options. Validation, settings, flags, help and completion read it. The types of its values are in
 * `settings.ts`, the public types in `types/options.ts`. Runs in both processes.
 */

import { listed } from '../say.js'
import { compileCacheValue } from './compile-cache.js'
import { programValue } from './executable.js'
import { listenValue } from './listen.js'
import { logValue } from './log.js'
import { PROCESS_OPTIONS, type ProcessTable } from './process-table.js'
import { READY, readyValue } from './ready.js'
import { respawnValue } from './respawn.js'
import { COMMON, type Form, type Row, type RowWithDefault } from './row.js'
import type { ConnectValues, Defaulted, LogsValues, OtherValues } from './settings.js'
import { signalNumber } from './signal-names.js'
import { signalsValue } from './signals.js'
import { idleTimeoutValue, socketValue, versionValue } from './socket.js'
import * as check from './values.js'

type Table = {
  readonly [K in keyof (Defaulted & LogsValues & ConnectValues)]: RowWithDefault<
    (Defaulted & LogsValues & ConnectValues)[K]
  >
} & {
  readonly [K in keyof OtherValues]: Row<OtherValues[K]>
} & ProcessTable

const STOP: readonly Form[] = [...COMMON, 'stop']
/** For options that make the daemon execute something else than this program. */
const BODY: readonly Form[] = ['Daemon', 'with']
const LOGS: readonly Form[] = ['logs']

const DETACH = ['auto', 'true', 'false'] as const

const signal = (option: string, value: unknown): number => signalNumber(value, option)

/** In the order of help. */
export const OPTIONS: Table = {
  name: {
    check: (option, value) => check.nameValue(option, value),
    forms: COMMON,
    flag: {
      short: 'n',
      value: 'NAME',
      notIn: ['embedded'],
      help: 'its name, by which the other verbs find it',
    },
  },
  pidFile: {
    check: check.pathValue,
    forms: COMMON,
    flag: { value: 'FILE', notIn: ['embedded'], help: 'the pidfile, instead of the one of the name' },
  },
  pidFileMode: {
    check: check.pidFileModeValue,
    default: 0o600,
    forms: COMMON,
    flag: { value: 'OCTAL', reads: 'octal', help: 'its mode' },
  },
  // Its parts are in `log.ts`.
  log: { check: logValue, forms: COMMON, flag: { short: 'l', value: 'FILE', help: 'where its output goes' } },
  stdin: {
    check: (_, value) => check.stdioValue('stdin', value),
    forms: COMMON,
    flag: { value: 'FILE', help: "a file to read, or 'inherit'" },
  },
  stdout: {
    check: (_, value) => check.stdioValue('stdout', value),
    forms: COMMON,
    flag: { value: 'FILE', help: "standard output alone, or 'inherit'" },
  },
  stderr: {
    check: (_, value) => check.stdioValue('stderr', value),
    forms: COMMON,
    flag: { value: 'FILE', help: "standard error alone, or 'inherit'" },
  },
  cwd: {
    check: check.pathValue,
    forms: COMMON,
    flag: { value: 'DIR', help: 'its folder (the present one)' },
  },
  umask: {
    check: check.modeValue,
    default: 0o022,
    forms: COMMON,
    flag: { value: 'OCTAL', reads: 'octal', help: 'its file mode mask' },
  },
  env: {
    check: check.envValue,
    default: {},
    forms: COMMON,
    flag: { value: 'NAME=VALUE', collects: 'variables', help: 'a variable; NAME alone removes it' },
  },
  cleanEnv: {
    check: check.booleanValue,
    default: false,
    forms: COMMON,
    flag: { help: 'keep nothing but PATH, HOME, LANG and TZ' },
  },
  title: {
    check: check.titleValue,
    forms: COMMON,
    flag: { value: 'TEXT', help: 'its title in process lists (the name)' },
  },
  ...PROCESS_OPTIONS,
  ready: {
    check: readyValue,
    default: 'auto',
    forms: COMMON,
    flag: { value: 'WHEN', choices: READY, reads: 'ready', help: 'also a port or path where it accepts' },
  },
  readyTimeout: {
    check: check.timeValue,
    default: 30_000,
    forms: COMMON,
    flag: { value: 'MS', reads: 'milliseconds', help: 'how long it may take' },
  },
  lockTimeout: {
    check: check.timeValue,
    default: 0,
    forms: COMMON,
    flag: { value: 'MS', reads: 'milliseconds', help: 'wait for another one to leave' },
  },
  detach: {
    check: check.detachValue,
    default: 'auto',
    forms: COMMON,
    flag: { value: 'HOW', choices: DETACH, reads: 'switchOrText', notIn: ['decided'], help: listed(DETACH) },
  },
  signals: {
    check: signalsValue,
    default: {},
    forms: COMMON,
    flag: { value: 'SIG=ACTION', collects: 'actions', help: 'stop, reload, reopen, ignore or default' },
  },
  execPath: {
    check: check.pathValue,
    forms: BODY,
    flag: {
      value: 'FILE',
      notIn: ['embedded', 'foreground'],
      help: 'the program that runs the script (node)',
    },
  },
  execArgv: {
    check: check.stringsValue,
    forms: BODY,
    flag: {
      value: 'FLAG',
      collects: 'texts',
      notIn: ['embedded', 'foreground'],
      help: 'a flag of that program',
    },
  },
  compileCache: {
    check: compileCacheValue,
    default: false,
    forms: COMMON,
    flag: {
      value: 'DIR',
      reads: 'switchOrText',
      help: "a folder for its compiled code, or 'true'",
    },
  },
  socket: {
    check: socketValue,
    forms: COMMON,
    flag: {
      value: 'FILE',
      isOptional: true,
      reads: 'switchOrText',
      help: 'listen beside the pidfile, or there',
    },
  },
  idleTimeout: {
    check: idleTimeoutValue,
    default: Number.POSITIVE_INFINITY,
    forms: COMMON,
    flag: { value: 'MS', reads: 'milliseconds', help: 'end when it is unused for so long' },
  },
  version: {
    check: versionValue,
    forms: COMMON,
    flag: { called: 'version-tag', value: 'TEXT', help: 'the version that it tells its clients' },
  },
  // Its parts are in `respawn.ts`.
  respawn: {
    check: respawnValue,
    forms: COMMON,
    flag: {
      value: 'WHEN',
      isOptional: true,
      reads: 'switchOrText',
      choices: ['failure', 'always', 'never'],
      help: 'start it again after a failure, or always',
    },
  },
  listen: {
    check: listenValue,
    forms: COMMON,
    flag: {
      value: 'NAME=ADDRESS',
      collects: 'listen',
      notIn: ['unit'],
      help: 'a port or path to hold',
    },
  },
  instances: {
    check: check.instancesValue,
    forms: COMMON,
    flag: {
      value: 'N',
      reads: 'number',
      notIn: ['unit'],
      help: 'so many processes share the sockets',
    },
  },
  drainTimeout: {
    check: check.timeValue,
    forms: COMMON,
    flag: {
      value: 'MS',
      reads: 'milliseconds',
      notIn: ['unit'],
      help: 'how long a replaced one may take (30000)',
    },
  },
  stopSignal: {
    check: signal,
    // SIGTERM, on every platform.
    default: 15,
    forms: STOP,
    flag: { value: 'SIG', reads: 'signal', notIn: ['foreground'], help: 'asks it to stop' },
  },
  stopTimeout: {
    check: check.timeValue,
    default: 10_000,
    forms: STOP,
    flag: { value: 'MS', reads: 'milliseconds', help: 'how long it may take' },
  },
  forceKill: {
    check: check.booleanValue,
    default: true,
    forms: STOP,
    flag: { on: false, notIn: ['foreground'], help: 'do not kill it after that' },
  },
  stopGroup: {
    check: check.booleanValue,
    default: false,
    forms: COMMON,
    flag: { notIn: ['foreground'], help: 'stop its whole process group' },
  },
  logger: { check: check.loggerValue, forms: COMMON },
  run: { check: check.runValue, forms: BODY },
  script: { check: check.pathValue, forms: BODY },
  scriptArgs: { check: check.stringsValue, default: [], forms: BODY },
  program: { check: programValue, forms: BODY },
  programArgs: { check: check.stringsValue, default: [], forms: BODY },
  args: { check: check.argsValue, default: [], forms: ['daemonize', 'connect'] },
  exit: { check: check.booleanValue, default: true, forms: ['daemonize'] },
  signal: { check: check.abortSignalValue, forms: ['with', 'stop', 'wait', 'logs', 'connect'] },
  start: { check: check.booleanValue, default: true, forms: ['connect'] },
  lines: {
    check: check.linesValue,
    default: 10,
    forms: LOGS,
    flag: { value: 'N', reads: 'number', help: 'how many lines to show' },
  },
  follow: {
    check: check.booleanValue,
    default: false,
    forms: LOGS,
    flag: { short: 'f', help: 'wait for more' },
  },
}

export type OptionName = keyof Table

/** All names, in the order of the table. */
export const NAMES: readonly OptionName[] = Object.keys(OPTIONS) as OptionName[]

/** The options that a form takes. */
export function optionsOf(form: Form): readonly OptionName[] {
  return NAMES.filter((name) => OPTIONS[name].forms.includes(form))
}
