/** A job of launchd, launchd.plist(5). */

import { homeVariable } from '../../options/places.js'
import { OPTIONS } from '../../options/table.js'
import { UsageError } from '../errors.js'
import { defaultLog } from '../target.js'
import { logFile, onOneLine, refuseAnyProgram, refuseRespawn, runCommand, type Subject } from './subject.js'

/** The flags that launchd's own keys replace. Not the umask, because `run` sets its own again. */
const DONE = ['user', 'group', 'env', 'nice']

/** The flags without an equal in launchd, which always stops with SIGTERM and SIGKILL. */
const NOT_THERE = ['no-force-kill', 'no-new-privileges', 'oom-score-adj', 'stop-group', 'stop-signal']

function refuse(subject: Subject, log: string | undefined): void {
  const { values, options } = subject
  const { env, user, stderr } = options
  refuseAnyProgram(subject, 'launchd')
  refuseRespawn(subject, 'launchd', 'KeepAlive')
  const flag = NOT_THERE.find((name) => values[name] !== undefined)
  if (flag !== undefined) throw new UsageError(`launchd has nothing like --${flag}: leave it out`)
  const [removed] = Object.entries(env ?? {}).find(([, value]) => value === undefined) ?? []
  if (removed !== undefined) {
    throw new UsageError(`launchd cannot take the variable ${removed} away: leave --env ${removed} out`)
  }
  // The folders of the default logs are root's, and the job has that user's rights when they are opened.
  if (user !== undefined && log === undefined && stderr === undefined) {
    throw new UsageError('launchd discards the output: say where it goes with --log FILE')
  }
}

export function launchd(subject: Subject): string {
  const { name, options, folder, daemon } = subject
  const log = logFile(subject)
  refuse(subject, log)
  const { user, group, env, umask, nice, stopTimeout = OPTIONS.stopTimeout.default } = options
  const command = runCommand(subject, DONE)
  // The job gets DAIMON_HOME, if it is set, so that other verbs find the daemon by its name.
  const variables = Object.entries({ ...homeVariable(), ...env })
  // It keeps no output by itself; `daimon logs` looks there.
  const output = log === undefined ? text(defaultLog(daemon)) : undefined
  const entries: readonly (readonly [key: string, value: string | undefined])[] = [
    ['Label', text(name)],
    ['ProgramArguments', block('array', command.map(text))],
    ['RunAtLoad', '<true/>'],
    ['KeepAlive', block('dict', ['<key>SuccessfulExit</key>', '<false/>'])],
    ['UserName', user === undefined ? undefined : text(String(user))],
    ['GroupName', group === undefined ? undefined : text(String(group))],
    ['WorkingDirectory', text(folder())],
    ['StandardOutPath', output],
    ['StandardErrorPath', output],
    ['Umask', `<integer>${umask ?? OPTIONS.umask.default}</integer>`],
    ['Nice', nice === undefined ? undefined : `<integer>${nice}</integer>`],
    ['ExitTimeOut', exitTimeOut(stopTimeout)],
    [
      'EnvironmentVariables',
      variables.length === 0
        ? undefined
        : block(
            'dict',
            variables.flatMap(([key, value = '']) => [`<key>${xml(key)}</key>`, text(value)]),
          ),
    ],
  ]
  const lines = entries.flatMap(([key, value]) =>
    value === undefined ? [] : [`    <key>${key}</key>`, `    ${value}`],
  )
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '  <dict>',
    ...lines,
    '  </dict>',
    '</plist>',
    '',
  ].join('\n')
}

/** In whole seconds; 0 is for ever. */
function exitTimeOut(milliseconds: number): string {
  const seconds = Number.isFinite(milliseconds) ? Math.max(1, Math.ceil(milliseconds / 1_000)) : 0
  return `<integer>${seconds}</integer>`
}

function block(element: string, lines: readonly string[]): string {
  return [`<${element}>`, ...lines.map((line) => `      ${line}`), `    </${element}>`].join('\n')
}

function text(value: string): string {
  return `<string>${xml(value)}</string>`
}

function xml(value: string): string {
  return onOneLine(value, `'${value}'`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
