/** A service of systemd, systemd.service(5). */

import { homeVariable } from '../../options/places.js'
import { OPTIONS } from '../../options/table.js'
import type { DaemonOptions } from '../../types/options.js'
import { UsageError } from '../errors.js'
import {
  absolute,
  logFile,
  onOneLine,
  refuseOthers,
  refuseRespawn,
  runCommand,
  type Subject,
  serviceFolder,
  servicePidFile,
} from './subject.js'

/** The flags that systemd's own settings replace: systemd sets them up before it executes the daemon. */
const DONE = ['user', 'group', 'env', 'limits', 'nice', 'oom-score-adj', 'no-new-privileges'].concat([
  'stop-signal',
  'no-force-kill',
  'stop-group',
])

/** The other flags that have a setting, where systemd runs the program itself. */
const OF_PROGRAM = [
  'name',
  'cwd',
  'umask',
  'ready',
  'ready-timeout',
  'stop-timeout',
  'chroot',
  'core-dumps',
  'log',
]

type Setting = readonly [key: string, value: string | number | undefined]

export function systemd(subject: Subject): string {
  refuseRespawn(subject, 'systemd', 'Restart=on-failure')
  return subject.program === undefined ? ofScript(subject) : ofProgram(subject, subject.program)
}

/** This command runs the script, and tells systemd how it is getting on. */
function ofScript(subject: Subject): string {
  const { name, options, folder } = subject
  // Root's own folder is where `daimon list` looks; another user needs one that systemd makes.
  const isForeign = options.user !== undefined && options.pidFile === undefined
  const runtime = isForeign ? serviceFolder(name) : undefined
  const pidFile = isForeign ? ['--pid-file', servicePidFile(name)] : []
  const [program = '', ...words] = runCommand(subject, DONE, pidFile)
  const settings: Setting[] = [
    // It tells when it is ready, and how it is getting on.
    ['Type', 'notify'],
    ['ExecStart', [executable(program), ...words.map(argument)].join(' ')],
    ['ExecReload', '/bin/kill -HUP $MAINPID'],
    ['Restart', 'on-failure'],
    ['RuntimeDirectory', runtime],
    ['WorkingDirectory', specifiers(onOneLine(folder(), 'the folder'))],
    ...rights(options),
    ...ending(options),
    ...variables(options),
  ]
  return sections(name, settings)
}

/** systemd runs the program, and needs nothing of daimon for that. */
function ofProgram(subject: Subject, program: string): string {
  const { name, options, args, folder } = subject
  refuseOthers(subject, 'systemd', [...DONE, ...OF_PROGRAM])
  const { chroot, coreDumps, ready } = options
  if (typeof ready === 'object') {
    throw new UsageError('systemd does not try an address: leave --ready out, or give --ready notify')
  }
  const log = logFile(subject)
  const output = log === undefined ? undefined : `append:${specifiers(onOneLine(log, 'the log'))}`
  const settings: Setting[] = [
    // The start fails where the program cannot be executed.
    ['Type', ready === 'notify' ? 'notify' : 'exec'],
    ['ExecStart', [executable(program), ...args.map(argument)].join(' ')],
    ['Restart', 'on-failure'],
    ['WorkingDirectory', specifiers(onOneLine(folder(), 'the folder'))],
    ['RootDirectory', chroot === undefined ? undefined : specifiers(absolute(String(chroot)))],
    ['StandardOutput', output],
    ['StandardError', output],
    ['LimitCORE', coreDumps === true ? 'infinity' : '0'],
    ...rights(options),
    ...ending(options),
    ...variables(options),
  ]
  return sections(name, settings)
}

function sections(name: string, settings: readonly Setting[]): string {
  const service = settings.flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${plain(key, value)}`],
  )
  const all = [
    ['[Unit]', `Description=${name}`, 'After=network.target'],
    ['[Service]', ...service],
    ['[Install]', 'WantedBy=multi-user.target'],
  ]
  return `${all.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

/** Refuses values that systemd would read as others, or that would continue on the next line, systemd.syntax(7). */
function plain(key: string, value: string | number): string {
  const text = onOneLine(String(value), `'${value}'`)
  if (!/^\s|\s$|\\$/.test(text)) return text
  throw new UsageError(
    `systemd has no way to write ${key} '${text}', with a blank or a backslash at its end: rename it`,
  )
}

function rights({
  user,
  group,
  nice,
  oomScoreAdj,
  noNewPrivileges,
  umask,
  limits,
}: DaemonOptions): Setting[] {
  const noNew = noNewPrivileges ?? user !== undefined
  return [
    ['User', user],
    ['Group', group],
    ['NoNewPrivileges', noNew ? 'yes' : undefined],
    ['UMask', (umask ?? OPTIONS.umask.default).toString(8).padStart(4, '0')],
    ['Nice', nice],
    ['OOMScoreAdjust', oomScoreAdj],
    ...Object.entries(limits ?? {}).map(([limit, value]): Setting => {
      const shown = [value].flat().map((one) => (one === Number.POSITIVE_INFINITY ? 'infinity' : one))
      return [`Limit${limit.toUpperCase()}`, shown.join(':')]
    }),
  ]
}

function ending(options: DaemonOptions): Setting[] {
  const {
    readyTimeout = OPTIONS.readyTimeout.default,
    lockTimeout = OPTIONS.lockTimeout.default,
    stopTimeout = OPTIONS.stopTimeout.default,
  } = options
  return [
    ['TimeoutStartSec', time(readyTimeout + lockTimeout)],
    ['TimeoutStopSec', time(stopTimeout)],
    ['KillSignal', options.stopSignal],
    ['SendSIGKILL', options.forceKill === false ? 'no' : undefined],
    ['KillMode', options.stopGroup === true ? 'control-group' : 'mixed'],
  ]
}

/** The variables; with DAIMON_HOME, if it is set, so that other verbs find the daemon by its name. */
function variables({ env }: DaemonOptions): Setting[] {
  return Object.entries({ ...homeVariable(), ...env }).map(([variable, value]): Setting => {
    return value === undefined
      ? ['UnsetEnvironment', quoted(specifiers(variable))]
      : ['Environment', quoted(specifiers(`${variable}=${value}`))]
  })
}

function time(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? `${milliseconds}ms` : 'infinity'
}

function specifiers(text: string): string {
  return text.replaceAll('%', '%%')
}

/** The first word is a path, in which no variable is looked for. */
function executable(path: string): string {
  return quoted(specifiers(onOneLine(path, `the path of ${path}`)))
}

function argument(word: string): string {
  return quoted(specifiers(word).replaceAll('$', '$$$$'))
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** One word, as systemd.syntax(7) has it. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./$-]+$/.test(word)) return word
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression looks for control characters
  const escaped = word.replaceAll(/["\\]/g, '\\$&').replaceAll(/[\u0001-\u001f\u007f]/g, (control) => {
    return ESCAPES[control] ?? `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${escaped}"`
}
