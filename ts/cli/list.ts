/** The verb `list`: all named daemons of the user. */

import { existsSync, opendirSync, readlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Daemon } from '../index.js'
import type { Status } from '../types/status.js'
import { CommandError, UsageError } from './errors.js'
import { OK } from './exit-codes.js'
import { OWN_FLAGS } from './flags.js'
import { bytes, duration, table } from './format.js'
import { printable } from './output.js'
import { coloured, stateWord } from './state.js'
import { nameOf } from './target.js'
import type { Call, Verb } from './verb.js'

/** How many daemons are looked at together. */
const AT_ONCE = 64

const PIDFILE = /^([A-Za-z0-9][A-Za-z0-9._@-]{0,63})\.pid$/

/** The daemons of daimon's own folder. Other programs lock their pidfiles, too: no other folder is ever acted upon. */
export function ownDaemons(): Daemon[] {
  // Where any name would have its pidfile.
  const folder = dirname(new Daemon({ name: 'any' }).pidFile)
  // Nobody has started anything yet.
  return existsSync(folder) ? daemonsIn(folder) : []
}

function daemonsIn(folder: string): Daemon[] {
  return namesIn(folder).map((name) => new Daemon({ name, pidFile: join(folder, `${name}.pid`) }))
}

function namesIn(folder: string): string[] {
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
    const { message } = cause instanceof Error ? cause : { message: String(cause) }
    const what = `the folder ${folder} cannot be listed: ${message}`
    throw new CommandError(`${what}. Name a folder that you may read`, { cause })
  }
}

export const list: Verb = {
  name: 'list',
  summary: 'Show all named daemons of this user',
  form: { usage: '[--folder DIR]', example: 'PROGRAM list --json' },
  codes: '0 shown, 1 a folder cannot be read',
  flags: [OWN_FLAGS.folder],
  run: async (call) => {
    const rows = await described([...ownDaemons(), ...listed(call)])
    call.out.data(rows, rows.length === 0 ? undefined : toTable(call, rows))
    if (rows.length === 0) call.out.note('no daemon runs by name')
    return OK
  },
}

/** Folders given by flag are looked into, and nothing else is done about what is in them. */
function listed({ words }: Call): Daemon[] {
  if (words.positionals.length > 0) throw new UsageError('list takes no name; for one daemon ask its status')
  const folders = words.values.folder
  return (Array.isArray(folders) ? folders : []).flatMap((folder) => daemonsIn(resolve(String(folder))))
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
