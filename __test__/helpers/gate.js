/** Programs under test that wait at a gate, which fixtures/gate.mjs is. */

import { existsSync, rmSync } from 'node:fs'
import { until } from './index.js'

export const GATE = new URL('../fixtures/gate.mjs', import.meta.url).href

/** Waits until the program has come to its gate, at which the daemon must not be ready yet; then opens that. */
export async function passGate(t, place, daemon) {
  await until(() => existsSync(place.file('waits')), 'the gate')
  t.like(await daemon.status(), { state: 'running', starting: true })
  place.write('open', '')
}

/** Makes the gate ready for the next program. */
export function closeGate(place) {
  for (const name of ['waits', 'open']) rmSync(place.file(name))
}
