/** The command line's flags: one for each option, in kebab case, and a few of the command's own. */

import * as read from './read.js'

/** How a flag is written and read. */
export interface Flag {
  /** In kebab case, without dashes. */
  readonly name: string
  /** The option that it sets, `log.maxSize` for a part of one; undefined for the command's own flags. */
  readonly option?: string
  readonly short?: string
  /** What stands for its value in help; undefined for a switch. */
  readonly value?: string
  /** The words that its value can be, where these are all. */
  readonly choices?: readonly string[]
  /** What a switch says; `--flag=false` is the other. */
  readonly on?: boolean
  /** From the text to the option's value; by default the text itself. */
  readonly read?: (text: string, flag: string) => unknown
  /** From all texts to the option's value, where it may be given several times. */
  readonly collect?: (texts: readonly string[], flag: string) => unknown
  readonly help: string
}

const READY = ['auto', 'manual', 'running'] as const
const DETACH = ['auto', 'true', 'false'] as const

/** `auto, true or false`. */
export function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

const MILLISECONDS = { value: 'MS', read: read.milliseconds }

/** Flags that set options of a Daemon, in the order of help. */
export const OPTION_FLAGS: readonly Flag[] = [
  {
    name: 'name',
    option: 'name',
    short: 'n',
    value: 'NAME',
    help: 'its name, by which the other verbs find it',
  },
  { name: 'pid-file', option: 'pidFile', value: 'FILE', help: 'the pidfile, instead of the one of the name' },
  { name: 'pid-file-mode', option: 'pidFileMode', value: 'OCTAL', read: read.octal, help: 'its mode (600)' },
  { name: 'log', option: 'log', short: 'l', value: 'FILE', help: 'where its output goes' },
  {
    name: 'log-max-size',
    option: 'log.maxSize',
    value: 'BYTES',
    read: read.bytes,
    help: 'rotate the log when it is that big',
  },
  {
    name: 'log-keep',
    option: 'log.keep',
    value: 'N',
    read: read.number,
    help: 'how many rotated logs to keep (5)',
  },
  { name: 'log-compress', option: 'log.compress', help: 'compress rotated logs' },
  { name: 'log-mode', option: 'log.mode', value: 'OCTAL', read: read.octal, help: 'mode of a new log (640)' },
  { name: 'stdin', option: 'stdin', value: 'FILE', help: "a file to read, or 'inherit'" },
  { name: 'stdout', option: 'stdout', value: 'FILE', help: "standard output alone, or 'inherit'" },
  { name: 'stderr', option: 'stderr', value: 'FILE', help: "standard error alone, or 'inherit'" },
  { name: 'cwd', option: 'cwd', value: 'DIR', help: 'its folder (the present one)' },
  { name: 'umask', option: 'umask', value: 'OCTAL', read: read.octal, help: 'its file mode mask (022)' },
  {
    name: 'env',
    option: 'env',
    value: 'NAME=VALUE',
    collect: read.variables,
    help: 'a variable; NAME alone removes it',
  },
  { name: 'clean-env', option: 'cleanEnv', help: 'keep nothing but PATH, HOME, LANG and TZ' },
  { name: 'title', option: 'title', value: 'TEXT', help: 'its title in process lists (the name)' },
  { name: 'user', option: 'user', value: 'USER', read: read.account, help: 'the user that it becomes' },
  { name: 'group', option: 'group', value: 'GROUP', read: read.account, help: "instead of the user's group" },
  { name: 'chroot', option: 'chroot', value: 'DIR', help: 'its root folder' },
  { name: 'no-new-privileges', option: 'noNewPrivileges', help: 'nothing that it executes gains rights' },
  { name: 'core-dumps', option: 'coreDumps', help: 'let a crash leave a core file' },
  {
    name: 'limits',
    option: 'limits',
    value: 'NAME=N',
    collect: read.limits,
    help: 'a limit: nofile=65536 or nofile=SOFT:HARD',
  },
  { name: 'nice', option: 'nice', value: 'N', read: read.number, help: 'from -20 to 19' },
  {
    name: 'oom-score-adj',
    option: 'oomScoreAdj',
    value: 'N',
    read: read.number,
    help: 'from -1000 to 1000',
  },
  {
    name: 'keep-fds',
    option: 'keepFds',
    value: 'FD',
    collect: read.numbers,
    help: 'a descriptor that stays open',
  },
  { name: 'ready', option: 'ready', value: 'WHEN', choices: READY, help: listed(READY) },
  { name: 'ready-timeout', option: 'readyTimeout', ...MILLISECONDS, help: 'how long it may take (30000)' },
  { name: 'lock-timeout', option: 'lockTimeout', ...MILLISECONDS, help: 'wait for another one to leave (0)' },
  {
    name: 'detach',
    option: 'detach',
    value: 'HOW',
    choices: DETACH,
    read: read.detach,
    help: listed(DETACH),
  },
  {
    name: 'signals',
    option: 'signals',
    value: 'SIG=ACTION',
    collect: read.actions,
    help: 'stop, reload, reopen, ignore or default',
  },
  { name: 'exec-path', option: 'execPath', value: 'FILE', help: 'the program that runs the script (node)' },
  {
    name: 'exec-argv',
    option: 'execArgv',
    value: 'FLAG',
    collect: (texts) => texts,
    help: 'a flag of that program',
  },
  {
    name: 'stop-signal',
    option: 'stopSignal',
    value: 'SIG',
    read: read.signal,
    help: 'asks it to stop (SIGTERM)',
  },
  { name: 'stop-timeout', option: 'stopTimeout', ...MILLISECONDS, help: 'how long it may take (10000)' },
  { name: 'no-force-kill', option: 'forceKill', on: false, help: 'do not kill it after that' },
  { name: 'stop-group', option: 'stopGroup', help: 'stop its whole process group' },
]

type OwnFlag = 'json' | 'verbose' | 'help' | 'all' | 'folder' | 'lines' | 'follow'

export const OWN_FLAGS: Readonly<Record<OwnFlag, Flag>> = {
  json: { name: 'json', help: 'print JSON' },
  verbose: { name: 'verbose', short: 'v', help: 'show causes, and the end of the log' },
  help: { name: 'help', short: 'h', help: 'show this' },
  all: { name: 'all', help: 'all named daemons of this user' },
  folder: { name: 'folder', value: 'DIR', collect: (texts) => texts, help: 'list its pidfiles, too' },
  lines: { name: 'lines', value: 'N', help: 'how many lines to show (10)' },
  follow: { name: 'follow', short: 'f', help: 'wait for more' },
}

/** Those that every verb takes. */
export const COMMON_FLAGS: readonly Flag[] = [OWN_FLAGS.json, OWN_FLAGS.verbose, OWN_FLAGS.help]

/** Those that say which daemon. */
export const WHICH: readonly Flag[] = OPTION_FLAGS.filter(({ name }) => /^(?:name|pid-file)$/.test(name))

/** Where a start can detach or not, according to who runs it, this says which. The other verbs do one of the two. */
export const LAUNCH_FLAGS: readonly Flag[] = OPTION_FLAGS.filter(({ name }) => name !== 'detach')

/** What the command runs is a plain script; and how another process is made, and stopped, does not concern this one. */
const NOT_IN_FOREGROUND =
  /^(?:exec-(?:path|argv)|keep-fds|no-new-privileges|stop-signal|stop-group|no-force-kill)$/

/** Those of a daemon that is this very process. */
export const FOREGROUND_FLAGS: readonly Flag[] = LAUNCH_FLAGS.filter(
  ({ name }) => !NOT_IN_FOREGROUND.test(name),
)
