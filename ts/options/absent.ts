/**
 * What Windows has nothing for, and what to do instead: one row a feature, beside the table of options. Runs in both
 * processes.
 */

import { IS_WINDOWS } from '../binding/platform.js'
import { UnsupportedError } from '../errors.js'
import type { Streams } from '../handover/settings.js'
import { errorOf, named, say, set, subject, type Text } from '../say.js'
import type { OptionName } from './table.js'

/** Options, parts of an option, and calls. */
type Feature =
  | OptionName
  | `log.${'maxSize' | 'keep' | 'compress' | 'mode'}`
  | 'socket.mode'
  | `${'dropPrivileges' | 'reopenLogs' | 'upgrade'}()`
  | "'reopen'"
  | "'inherit'"
  | 'foreground'
  | `unit ${'systemd' | 'launchd' | 'logrotate'}`
  | 'LISTEN_FDS'

/**
 * Refuses a feature that Windows has nothing for.
 *
 * @param value - of an option, checked: what asks for nothing is let pass, as an option that is not given; else true
 * @param byDefault - the option's default, which is simply not applied there
 * @throws UnsupportedError
 */
export function refuseAbsent(
  feature: Feature,
  value: unknown,
  byDefault?: unknown,
  isWindows: boolean = IS_WINDOWS,
): void {
  if (!isWindows || !asks(value, byDefault)) return
  const name = feature.replace(/\(\)$|'/g, '')
  const isOption = /^[a-z.]+$/i.test(feature)
  refuse(feature, name, isOption ? subject(feature) : feature)
}

/**
 * Refuses streams that a daemon cannot have of its launcher, when it detaches.
 *
 * @throws UnsupportedError
 */
export function refuseInherited(streams: Streams, isWindows: boolean = IS_WINDOWS): void {
  if (!isWindows) return
  for (const option of ['stdin', 'stdout', 'stderr'] as const) {
    if (streams[option].kind === 'inherit') refuse("'inherit'", option, set(option, 'inherit'))
  }
}

/**
 * Refuses another output for a process that runs already.
 *
 * @throws UnsupportedError
 */
export function refuseRedirected(isAsked: boolean, isWindows: boolean = IS_WINDOWS): void {
  if (isWindows && isAsked)
    refuse('foreground', 'foreground', 'A file for the output of a daemon in the foreground')
}

function asks(value: unknown, byDefault: unknown): boolean {
  if (value === byDefault || value === undefined || value === false) return false
  return value !== Number.POSITIVE_INFINITY && !(Array.isArray(value) && value.length === 0)
}

function refuse(row: Feature, feature: string, what: string | ReturnType<typeof subject>): void {
  const advice = onWindows()[row]
  if (advice === undefined) return
  throw errorOf(say`${what} is not supported on Windows. ${advice}`, (message) => {
    return new UnsupportedError(message, { feature })
  })
}

/**
 * The advice, in whole sentences. A call has its parentheses, a value its quotes. A function: other systems do not pay
 * for the table.
 */
function onWindows(): Readonly<Partial<Record<Feature, Text>>> {
  const AS_USER = 'Start it as that user, or as a service with that account.'
  const BY_JOB = 'Start it in a job object with limits, or leave it out.'
  const BY_ACL = 'Set the rights of its folder.'
  const KEPT = 'Install a service, which sc failure has started again, and call restart() after a release.'
  const ANY = 'Let a service manager of Windows run it, or give a script that starts it as its child.'
  const UNIT = 'A service of Windows is installed by what unit windows prints.'
  const ROTATE = 'Let the program itself rotate its log, or stop and start it between two logs.'
  return {
    user: AS_USER,
    group: AS_USER,
    'dropPrivileges()': AS_USER,
    chroot: say`Give ${named('cwd')}, which is all that a folder can do there.`,
    umask: BY_ACL,
    pidFileMode: BY_ACL,
    'log.mode': BY_ACL,
    limits: BY_JOB,
    coreDumps: 'Windows Error Reporting writes dumps, by its settings of the machine.',
    noNewPrivileges: 'Start it as a user without them.',
    oomScoreAdj: 'Leave it out.',
    keepFds: 'Open what it needs in the daemon itself, or give the path by its arguments.',
    foreground: say`Redirect the output where it is started, such as by node server.js >> web.log, or detach.`,
    'log.maxSize': ROTATE,
    'log.keep': ROTATE,
    'log.compress': ROTATE,
    'reopenLogs()': ROTATE,
    "'reopen'": ROTATE,
    "'inherit'": 'Give a file, leave it out for the null device, or run it in the foreground.',
    'socket.mode': 'Leave it out: its own user, the system and administrators may connect.',
    respawn: KEPT,
    listen: KEPT,
    instances: KEPT,
    drainTimeout: KEPT,
    program: ANY,
    programArgs: ANY,
    'upgrade()': KEPT,
    'unit systemd': UNIT,
    'unit launchd': UNIT,
    'unit logrotate': ROTATE,
    LISTEN_FDS: 'Unset LISTEN_FDS and LISTEN_PID, and listen in the daemon itself.',
  }
}
