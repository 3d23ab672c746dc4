/** The verb `list`: all named daemons of the user. */

import { opendirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { explainDenial, isDenied } from '../../binding/denied.js'
import { Daemon, InvalidOptionError } from '../../index.js'
import { HOME_VARIABLE } from '../../options/places.js'
import type { Status } from '../../types/status.js'
import { CommandError, UsageError } from '../errors.js'
import { OK } from '../exit-codes.js'
import { OWN_FLAGS } from '../flags.js'
import { bytes, duration, table } from '../format.js'
import { printable } from '../output.js'
import { coloured, stateWord } from '../state.js'
import { nameOf, ownFolder } from '../target.js'
import { absolute } from '../unit/subject.js'
import type { Call, Verb } from './verb.js'

/** How many daemons are looked at together. */
const AT_ONCE = 64

const PIDFILE = /^([A-Za-z0-9][A-Za-z0-9._@-]{0,63})\.pid$/

/**
 * The daemons of daimon's own folder. Other programs lock their pidfiles, too: no other folder is ever acted upon.
 *
 * @param advice - what helps where there is no such folder
 */
export function ownDaemons(advice: string = SET_HOME): Daemon[] {
  return daemonsIn(ownFolderOr(advice), true)
}

const SET_HOME = `Set ${HOME_VARIABLE} to the folder that stands for it.`

function ownFolderOr(advice: string): string {
  try {
    return ownFolder()
  } catch (cause) {
    if (!(cause instanceof InvalidOptionError) || cause.option !== 'pidFile') throw cause
    const what = 'There is no default folder: this user has no home folder by a passwd entry, nor by HOME'
    throw new InvalidOptionError(`${what}. ${advice}`, { option: HOME_VARIABLE, cause })
  }
}

function daemonsIn(folder: string, isDefault: boolean): Daemon[] {
  return namesIn(folder, isDefault).map((name) => new Daemon({ name, pidFile: join(folder, `${name}.pid`) }))
}

/** A default folder that is missing is one in which nobody has started anything yet. */
function namesIn(folder: string, isDefault: boolean): string[] {
  try {
    const names: string[] = []
    // One by one: there may be a million other files.
    const entries = opendirSync(folder, { bufferSize: 1_024 })
    try {
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        const name = PIDFILE.exec(entry.name)?.[1]
        if (name !== undefined) names.push(name)
      }
    } finally {
      entries.closeSync()
    }
    return names.sort()
  } catch (cause) {
    if (isDefault && cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
    const { message } = cause instanceof Error ? cause : { message: String(cause) }
    // `stop --all` looks there, too, and takes no other folder.
    const advice = isDefault ? `Set ${HOME_VARIABLE} to another one` : 'Name a folder that you may read'
    const why = isDenied(cause) ? explainDenial(cause, folder) : `${message}. ${advice}`
    throw new CommandError(`the folder ${folder} cannot be listed: ${why}`, { cause })
  }
}

export const list: Verb = {
  name: 'list',
  summary: 'Show all named daemons of this user',
  form: { usage: '[--folder DIR]', example: 'PROGRAM list --json' },
  codes: '0 shown, 1 a folder cannot be read',
  flags: [OWN_FLAGS.folder],
  run: async (call) => {
    const more = listed(call)
    const advice = `Give --folder DIR, or set ${HOME_VARIABLE} to the folder that stands for it.`
    const own = more === undefined ? ownDaemons(advice) : ownWhere(advice)
    const rows = await described([...own, ...(more ?? [])])
    call.out.data(rows, rows.length === 0 ? undefined : toTable(call, rows))
    if (rows.length === 0) call.out.note('no daemon runs by name')
    return OK
  },
}

/** Beside folders that are given, one that is not to be had is not missed. */
function ownWhere(advice: string): Daemon[] {
  try {
    return ownDaemons(advice)
  } catch (error) {
    if (error instanceof InvalidOptionError && error.cause !== undefined) return []
    throw error
  }
}

/** Folders given by flag are looked into, and nothing else is done about what is in them. */
function listed({ words }: Call): Daemon[] | undefined {
  if (words.positionals.length > 0) throw new UsageError('list takes no name; for one daemon ask its status')
  const folders = words.values.folder
  if (!Array.isArray(folders)) return undefined
  return folders.flatMap((folder) => daemonsIn(absolute(String(folder)), false))
}

type Row = Status & { name: string; log?: string }

/** Some at a time: a look that is not sure waits a moment, and looks again. */
async function described(daemons: readonly Daemon[]): Promise<Row[]> {
  const rows: Row[] = []
  for (let at = 0; at < daemons.length; at += AT_ONCE) {
    rows.push(...(await Promise.all(daemons.slice(at, at + AT_ONCE).map(describe))))
  }
  return rows
}

async function describe(daemon: Daemon): Promise<Row> {
  const name = nameOf(daemon)
  try {
    const status = await daemon.status()
    const log = status.state === 'running' ? logOf(status.pid) : undefined
    return { name, ...status, ...(log === undefined ? {} : { log }) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { name, state: 'unverified', pidFile: daemon.pidFile, reason }
  }
}

/** What descriptor 1 leads to; undefined where that is no file, and where it may not be looked at. */
export function logOf(pid: number): string | undefined {
  try {
    const target = readlinkSync(`/proc/${pid}/fd/1`)
    return target.startsWith('/') && !target.startsWith('/dev/') ? target : undefined
  } catch {
    return undefined
  }
}

function toTable({ out }: Call, rows: readonly Row[]): string {
  const head = ['NAME', 'STATE', 'PID', 'UPTIME', 'MEMORY', 'CPU', 'LOG']
  const [first = '', ...others] = table([head, ...rows.map(cells)]).split('\n')
  // Once the columns are as wide as what is seen. A name has no blanks.
  const lines = others.map((line, at) => {
    const row = rows[at]
    return row === undefined ? line : line.replace(/(?<= )\S+/, (word) => coloured(out, row, word))
  })
  return [out.colour('bold', first), ...lines].join('\n')
}

function cells(row: Row): string[] {
  const { name } = row
  if (row.state !== 'running') return [name, stateWord(row), '-', '-', '-', '-', '-']
  const { pid, uptime, memory, cpu, log } = row
  const time = (spent: number | undefined): string => (spent === undefined ? '-' : duration(spent))
  const size = memory === undefined ? '-' : bytes(memory)
  return [name, stateWord(row), String(pid), time(uptime), size, time(cpu), printable(log ?? '-')]
}
