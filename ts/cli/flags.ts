/** The command line's flags: one for each option, from the tables of these, and a few of the command's own. */

import { LOG_PARTS } from '../options/log.js'
import { RESPAWN_PARTS } from '../options/respawn.js'
import type { FlagRow, Row, RowWithDefault, Use } from '../options/row.js'
import { signalName } from '../options/signal-names.js'
import { NAMES, OPTIONS, type OptionName } from '../options/table.js'

/** How a flag is written and read. */
export interface Flag extends FlagRow {
  /** In kebab case, without dashes. */
  readonly name: string
  /** The option that it sets, `log.maxSize` for a part of one; undefined for the command's own flags. */
  readonly option?: string
}

type AnyRow = Row<unknown> | RowWithDefault<unknown>

function flagOf(option: string, row: AnyRow): Flag[] {
  const { flag } = row
  if (flag === undefined) return []
  const kebab = option.replace('.', '-').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const name = flag.called ?? kebab
  const help = 'default' in row ? `${flag.help}${shownDefault(flag, row.default)}` : flag.help
  return [{ ...flag, name: flag.on === false ? `no-${name}` : name, option, help }]
}

/** The options whose parts have flags. */
const PARTS: Readonly<Partial<Record<OptionName, Readonly<Record<string, AnyRow>>>>> = {
  log: { ...LOG_PARTS },
  respawn: { ...RESPAWN_PARTS },
}

function shownDefault({ reads }: FlagRow, value: unknown): string {
  if (typeof value !== 'number' || value === Number.POSITIVE_INFINITY) return ''
  if (reads === 'octal') return ` (${value.toString(8).padStart(3, '0')})`
  return ` (${reads === 'signal' ? signalName(value) : value})`
}

/** @param helps - other texts for some of them */
function optionFlags(helps: Readonly<Partial<Record<OptionName, string>>> = {}): readonly Flag[] {
  return NAMES.flatMap((name) => {
    const row: AnyRow = OPTIONS[name]
    if (!row.forms.includes('Daemon')) return []
    const { flag } = row
    const help = helps[name]
    const own = flag === undefined || help === undefined ? row : { ...row, flag: { ...flag, help } }
    const parts = Object.entries<AnyRow>(PARTS[name] ?? {})
    return [...flagOf(name, own), ...parts.flatMap(([part, one]) => flagOf(`${name}.${part}`, one))]
  })
}

/** Flags that set options of a Daemon, in the order of help. */
export const OPTION_FLAGS: readonly Flag[] = optionFlags()

/** The same for `start`, which stops no daemon but one that fails to start. */
export const START_FLAGS: readonly Flag[] = optionFlags({
  stopSignal: 'ends a failed start; tell stop, too',
  stopTimeout: 'how long its stop hooks may take',
  stopGroup: "ends a failed start's group; tell stop, too",
})

/** A flag of one verb, which does not set an option of the Daemon. */
function own(name: 'lines' | 'follow'): Flag {
  const [flag = { name, help: '' }] = flagOf(name, OPTIONS[name])
  const { option: _, ...rest } = flag
  return rest
}

type OwnFlag = 'json' | 'verbose' | 'help' | 'all' | 'folder' | 'lines' | 'follow'

/** Flags that set no option of a Daemon. */
export const OWN_FLAGS: Readonly<Record<OwnFlag, Flag>> = {
  json: { name: 'json', help: 'print JSON' },
  verbose: { name: 'verbose', short: 'v', help: 'show causes, and the end of the log' },
  help: { name: 'help', short: 'h', help: 'show this' },
  all: { name: 'all', notIn: ['embedded'], help: 'all named daemons of this user' },
  folder: {
    name: 'folder',
    value: 'DIR',
    collects: 'texts',
    notIn: ['embedded'],
    help: 'list its pidfiles, too',
  },
  lines: own('lines'),
  follow: own('follow'),
}

/** Each flag of any verb. */
export const ALL_FLAGS: readonly Flag[] = [...OPTION_FLAGS, ...Object.values(OWN_FLAGS)]

/** Those that every verb takes. */
export const COMMON_FLAGS: readonly Flag[] = [OWN_FLAGS.json, OWN_FLAGS.verbose, OWN_FLAGS.help]

/** The flags that make sense there. */
export function usable(flags: readonly Flag[], use: Use): readonly Flag[] {
  return flags.filter(({ notIn = [] }) => !notIn.includes(use))
}

function ofOptions(...options: readonly OptionName[]): readonly Flag[] {
  return OPTION_FLAGS.filter(({ option }) => options.some((one) => one === option))
}

/** The flags that name a daemon. */
export const WHICH: readonly Flag[] = ofOptions('name', 'pidFile')

const CONNECT_HELPS = {
  readyTimeout: 'how long to wait for it',
  socket: 'its socket, if not beside the pidfile',
  version: 'the version that it must have',
  stopTimeout: 'how much longer for one that is leaving',
} as const satisfies Partial<Record<OptionName, string>>

/** The flags of a connection to a daemon. */
export const CONNECT_FLAGS: readonly Flag[] = [
  ...WHICH,
  ...optionFlags(CONNECT_HELPS).filter(({ option }) => option !== undefined && option in CONNECT_HELPS),
]

/** The flags of an upgrade: what runs is said by the start. */
export const UPGRADE_FLAGS: readonly Flag[] = [
  ...WHICH,
  ...optionFlags({ readyTimeout: 'how long until it serves' }).filter(
    ({ option }) => option === 'readyTimeout',
  ),
]

/** The flags of a stop. */
export const STOP_FLAGS: readonly Flag[] = [
  ...WHICH,
  ...ofOptions('stopSignal', 'stopTimeout', 'forceKill', 'stopGroup'),
]

/** The flags of a verb that always detaches, or never: without `--detach`, which only `start` has. */
export const LAUNCH_FLAGS: readonly Flag[] = usable(OPTION_FLAGS, 'decided')

/** The flags of a daemon that is this very process: how another one is made, and stopped, does not concern it. */
export const FOREGROUND_FLAGS: readonly Flag[] = usable(LAUNCH_FLAGS, 'foreground')

/** The flags of a supervisor's file. A supervisor passes on no descriptors but those of its sockets. */
export const UNIT_FLAGS: readonly Flag[] = usable(LAUNCH_FLAGS, 'unit')
