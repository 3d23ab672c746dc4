/** Rules for logrotate, logrotate(8). */

import { LOG_PARTS } from '../../options/log.js'
import { UsageError } from '../errors.js'
import { defaultLog } from '../target.js'
import { logFile, onOneLine, ownCommand, type Subject, servicePidFile } from './subject.js'

export function logrotate(subject: Subject): string {
  const { daemon, name, options } = subject
  if (options.user !== undefined && options.pidFile === undefined) {
    const both = `${servicePidFile(name)} for a service of systemd, ${daemon.pidFile} for one that "start" has started`
    throw new UsageError(`which pidfile? Give --pid-file: ${both}`)
  }
  const path = onOneLine(logFile(subject) ?? defaultLog(daemon), 'the log')
  // By the pidfile: logrotate runs as root, and root's daemon of that name is another one.
  const command = [...ownCommand(options), 'reload', '--pid-file', daemon.pidFile]
  const shell = command.map((word) => shellWord(onOneLine(word, `'${word}'`))).join(' ')
  const { maxSize, keep, compress } = parts(options.log)
  return [
    `# The log of the daemon of ${onOneLine(daemon.pidFile, 'the pidfile')}.`,
    `${pattern(path)} {`,
    `    ${maxSize === undefined ? 'weekly' : `size ${maxSize}`}`,
    `    rotate ${keep ?? LOG_PARTS.keep.default}`,
    ...(compress === false ? ['    nocompress'] : ['    compress']),
    ...(options.program === undefined ? byReload(shell) : BY_COPY),
    '}',
    '',
  ].join('\n')
}

/** A program of any kind opens no log again. */
const BY_COPY = [
  '    missingok',
  '    notifempty',
  '    # The program goes on in the same file. What it writes between copy and truncation is lost.',
  '    copytruncate',
]

function byReload(command: string): string[] {
  return [
    '    # It is still written to until the reload below.',
    '    delaycompress',
    '    missingok',
    '    notifempty',
    '    # The daemon makes the new one.',
    '    nocreate',
    '    postrotate',
    '        # 7: it is not running.',
    `        ${command} >/dev/null 2>&1 || test $? -eq 7`,
    '    endscript',
  ]
}

interface Parts {
  readonly maxSize?: number
  readonly keep?: number
  readonly compress?: boolean
}

function parts(log: Subject['options']['log']): Parts {
  return typeof log === 'object' && !(log instanceof URL) ? log : {}
}

/** In quotes, and no pattern for more files than this one. */
function pattern(path: string): string {
  if (/[{}]/.test(path)) {
    throw new UsageError(`logrotate has no way to write the braces of ${path}: give a --log without`)
  }
  return `"${path.replaceAll(/[\\*?[\]]/g, '\\$&').replaceAll('"', '\\"')}"`
}

/** A word of a shell. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
