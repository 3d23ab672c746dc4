/** The bodies of a daemon, as its keeper tells them. Runs in any process. */

import { beginWait, endWait } from '../binding/waits.js'
import { signalName } from '../options/signal-names.js'
import type { SignalName } from '../types/signals.js'
import type { Body, ExitInfo, Running } from '../types/status.js'

/** How long a look waits for the keeper's answer, in milliseconds. */
const PATIENCE = 1_000

/** The bodies as the keeper tells them. Times in milliseconds, `cpu` as well. */
interface Report {
  readonly bodies: readonly (Omit<Body, 'startedAt'> & { readonly startedAt?: number })[]
  readonly respawns: number
  readonly lastExit?: { readonly code?: number; readonly signal?: number; readonly at: number }
  readonly program?: string
  readonly restarting?: true
  readonly stopping?: true
}

/** The state of a daemon with what its keeper tells; without it where that does not answer in time. */
export async function withBodies(running: Running): Promise<Running> {
  const report = await ask(running.pidFile)
  if (report === undefined) return running
  const { bodies, respawns, lastExit, program, restarting } = report
  const whole: Running = { ...running, bodies: bodies.map(toBody), respawns }
  whole.memory = sum(running.memory, bodies, 'memory')
  whole.cpu = sum(running.cpu, bodies, 'cpu')
  if (lastExit !== undefined) whole.lastExit = { ...exitOf(lastExit), at: new Date(lastExit.at) }
  if (program !== undefined) whole.program = program
  if (restarting === true) whole.restarting = true
  if (report.stopping === true) whole.stopping = true
  return whole
}

function toBody({ startedAt, ...body }: Report['bodies'][number]): Body {
  return startedAt === undefined ? body : { ...body, startedAt: new Date(startedAt) }
}

function sum(own = 0, bodies: Report['bodies'], key: 'memory' | 'cpu'): number {
  return bodies.reduce((all, body) => all + (body[key] ?? 0), own)
}

function exitOf({ code, signal }: { readonly code?: number; readonly signal?: number }): ExitInfo {
  if (signal !== undefined) return { signal: signalName(signal) as SignalName }
  return code === undefined ? {} : { code }
}

function ask(pidFile: string): Promise<Report | undefined> {
  return new Promise((resolve) => {
    const finish = (report: Report | undefined): void => {
      clearTimeout(timer)
      endWait(pool, id)
      resolve(report)
    }
    const { id, pool } = beginWait(
      (waits) => waits.bodies(pidFile),
      ({ kind, text = '' }) => finish(kind === 'bodies' ? JSON.parse(text) : undefined),
    )
    const timer = setTimeout(finish, PATIENCE, undefined)
  })
}
