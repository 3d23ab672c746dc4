/** The bodies of a daemon with a keeper, as people see them. */

import type { Body, Running } from '../types/status.js'
import { bytes, duration } from './format.js'

/** A body, with what is shown of it in each table of daemons. */
export interface BodyRow {
  readonly instance: string
  readonly generation: string
  /** State, PID, uptime, memory and CPU time. */
  readonly cells: readonly string[]
}

/** The bodies in the order of generations, and of instances in each. */
export function bodyRows({ bodies = [], stopping }: Pick<Running, 'bodies' | 'stopping'>): BodyRow[] {
  const ready = bodies.filter((body) => body.ready).map(({ generation }) => generation)
  // Those of an older generation that are not ready have finished their work; of a daemon that stops, all end.
  const serving = stopping === true ? Number.POSITIVE_INFINITY : Math.max(0, ...ready)
  const inOrder = [...bodies].sort((a, b) => a.generation - b.generation || a.instance - b.instance)
  return inOrder.map((body) => {
    const { instance, generation } = body
    return { instance: String(instance), generation: String(generation), cells: cellsOf(body, serving) }
  })
}

function cellsOf(body: Body, serving: number): string[] {
  const { pid, uptime, memory, cpu } = body
  return [
    stateOf(body, serving),
    String(pid),
    uptime === undefined ? '-' : duration(uptime),
    memory === undefined ? '-' : bytes(memory),
    cpu === undefined ? '-' : duration(cpu),
  ]
}

function stateOf({ ready, draining, generation }: Body, serving: number): string {
  if (draining) return 'draining'
  if (ready) return 'ready'
  return generation < serving ? 'ending' : 'starting'
}
