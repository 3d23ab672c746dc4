/** The verb `status`. */

import type { Running, Status } from '../../types/status.js'
import { type BodyRow, bodyRows } from '../bodies.js'
import { statusCode } from '../exit-codes.js'
import { WHICH } from '../flags.js'
import { bytes, duration, table } from '../format.js'
import { printable } from '../output.js'
import { logOf } from '../own-daemons.js'
import { endOf, stateSentence } from '../states.js'
import { daemonToControl, nameOf } from '../target.js'
import type { Call, Verb } from './verb.js'

export const status: Verb = {
  name: 'status',
  summary: 'Say whether a daemon runs',
  form: { usage: '[flags] [NAME]', example: 'PROGRAM status web --json' },
  embedded: { usage: '[flags]', example: 'PROGRAM status --json' },
  codes: '0 running, 1 crashed, 3 stopped, 4 unknown',
  flags: WHICH,
  operands: [':names'],
  run: async (call) => {
    const daemon = daemonToControl(call)
    const found = await daemon.status()
    call.out.data(found, describe(call, nameOf(daemon), found))
    return statusCode(found)
  },
}

function describe({ out }: Call, who: string, found: Status): string {
  const sentence = stateSentence(out, who, found)
  if (found.state !== 'running') return sentence
  const { pid, pidFile, startedAt, uptime, memory, cpu, respawns, program } = found
  const rows = [
    ['program', program],
    ['pid', String(pid)],
    ['started', startedAt === undefined ? undefined : local(startedAt)],
    ['uptime', uptime === undefined ? undefined : duration(uptime)],
    ['memory', memory === undefined ? undefined : bytes(memory)],
    ['cpu', cpu === undefined ? undefined : duration(cpu)],
    ['respawns', respawns === undefined ? undefined : String(respawns)],
    ['last exit', lastExit(found)],
    ['pidfile', pidFile],
    ['log', logOf(pid)],
  ].flatMap(([name, value]) => (value === undefined ? [] : [[`  ${name}`, printable(value)]]))
  const ofBodies = tableOf(bodyRows(found))
  const tables = ofBodies === undefined ? [rows] : [rows, ofBodies]
  return [sentence, ...tables.map(table)].join('\n')
}

/** In Sweden dates are written as ISO 8601 has them: 2026-01-31 12:00:00, in local time. */
function local(date: Date): string {
  return date.toLocaleString('sv')
}

function lastExit({ lastExit }: Running): string | undefined {
  if (lastExit === undefined) return undefined
  const how = endOf(lastExit)
  return `${local(lastExit.at)}${how && `, ${how}`}`
}

const HEAD = ['  INSTANCE', 'GENERATION', 'STATE', 'PID', 'UPTIME', 'MEMORY', 'CPU']

function tableOf(bodies: readonly BodyRow[]): string[][] | undefined {
  if (bodies.length === 0) return undefined
  return [HEAD, ...bodies.map(({ instance, generation, cells }) => [`  ${instance}`, generation, ...cells])]
}
