/** A job of launchd, launchd.plist(5). */

import { onOneLine, runCommand, type Subject } from './subject.js'

/**
 * What launchd sets up itself, or is not to be had there: it always stops with SIGTERM and SIGKILL, and passes on no
 * descriptors. Not the umask: `run` would go back to its own.
 */
const DONE = ['user', 'group', 'env', 'nice', 'no-new-privileges', 'oom-score-adj', 'keep-fds'].concat([
  'stop-signal',
  'no-force-kill',
  'stop-group',
])

export function launchd(subject: Subject): string {
  const { name, options, folder } = subject
  const { user, group, env, umask, nice, stopTimeout = 10_000 } = options
  const command = runCommand(subject, DONE)
  const variables = Object.entries(env ?? {}).filter(([, value]) => value !== undefined)
  const entries: readonly (readonly [key: string, value: string | undefined])[] = [
    ['Label', text(name)],
    ['ProgramArguments', block('array', command.map(text))],
    ['RunAtLoad', '<true/>'],
    ['KeepAlive', block('dict', ['<key>SuccessfulExit</key>', '<false/>'])],
    ['UserName', user === undefined ? undefined : text(String(user))],
    ['GroupName', group === undefined ? undefined : text(String(group))],
    ['WorkingDirectory', text(folder)],
    ['Umask', `<integer>${umask ?? 0o022}</integer>`],
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
