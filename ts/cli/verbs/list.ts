/** The verb `list`: all named daemons of the user. */

import { messageOf } from '../../handover/thrown.js'
import { type Daemon, InvalidOptionError } from '../../index.js'
import { HOME_VARIABLE } from '../../options/places.js'
import type { Status } from '../../types/status.js'
import { bodyRows } from '../bodies.js'
import { UsageError } from '../errors.js'
import { OK } from '../exit-codes.js'
import { OWN_FLAGS } from '../flags.js'
import { bytes, duration, table } from '../format.js'
import { printable } from '../output.js'
import { daemonsIn, logOf, ownDaemons } from '../own-daemons.js'
import { coloured, stateWord } from '../states.js'
import { nameOf } from '../target.js'
import { absolute } from '../unit/subject.js'
import type { Call, Verb } from './verb.js'

/** How many daemons are looked at together. */
const AT_ONCE = 64

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
    if (rows.length === 0) call.out.note('there is no named daemon')
    return OK
  },
}

/** The daemons of the default folder, which may be missing if other folders are given. */
function ownWhere(advice: string): Daemon[] {
  try {
    return ownDaemons(advice)
  } catch (error) {
    if (error instanceof InvalidOptionError && error.cause !== undefined) return []
    throw error
  }
}

/** The daemons in the folders given by flag, to be looked at only. */
function listed({ words }: Call): Daemon[] | undefined {
  if (words.positionals.length > 0) throw new UsageError('list takes no name; for one daemon ask its status')
  const folders = words.values.folder
  if (!Array.isArray(folders)) return undefined
  // As of a variable that is not set: the current folder is hardly meant.
  if (folders.includes('')) throw new UsageError("--folder takes a path, not ''")
  return folders.flatMap((folder) => daemonsIn(absolute(String(folder))))
}

type Row = Status & { name: string; log?: string }

/** Some at a time, because a look that is not sure waits a moment and looks again. */
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
    const reason = messageOf(error)
    return { name, state: 'unverified', pidFile: daemon.pidFile, reason }
  }
}

function toTable({ out }: Call, rows: readonly Row[]): string {
  const head = ['NAME', 'STATE', 'PID', 'UPTIME', 'MEMORY', 'CPU', 'LOG']
  const entries = rows.flatMap((row) => [{ row, cells: cells(row) }, ...bodiesOf(row)])
  const [first = '', ...others] = table([head, ...entries.map((entry) => entry.cells)]).split('\n')
  // Colours come last, because they have no width. A name has no blanks.
  const lines = others.map((line, at) => {
    const row = entries[at]?.row
    return row === undefined ? line : line.replace(/(?<= )\S+/, (word) => coloured(out, row, word))
  })
  return [out.colour('bold', first), ...lines].join('\n')
}

/** A row for each body, indented. */
function bodiesOf(row: Row): { row: undefined; cells: string[] }[] {
  if (row.state !== 'running') return []
  const { program } = row
  return bodyRows(row).map(({ instance, generation, cells }) => {
    const label = `  ${instance}, generation ${generation}${program === undefined ? '' : `, ${printable(program)}`}`
    return { row: undefined, cells: [label, ...cells, '-'] }
  })
}

function cells(row: Row): string[] {
  const { name } = row
  if (row.state !== 'running') return [name, stateWord(row), '-', '-', '-', '-', '-']
  const { pid, uptime, memory, cpu, log } = row
  const time = (spent: number | undefined): string => (spent === undefined ? '-' : duration(spent))
  const size = memory === undefined ? '-' : bytes(memory)
  return [name, stateWord(row), String(pid), time(uptime), size, time(cpu), printable(log ?? '-')]
}
