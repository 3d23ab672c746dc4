/** Upgrades under load with nobody killed. */

import { freePort } from '../../bench/measure.js'
import { daemonOf, targetIn } from '../lib/daemon.js'
import { ROUND } from '../lib/keeper.js'
import { loadOf } from '../lib/load.js'

/** New connections a second: the machine does other things, too. */
const RATE = 300

export async function upgradesUnderLoad({ facade, folder, seconds, note, count, fail }) {
  const { Daemon } = await import(facade)
  const port = await freePort()
  const target = { ...targetIn(folder, 'calm'), port, variables: { [ROUND]: folder } }
  const daemon = daemonOf(Daemon, target)
  await daemon.start()
  const load = await loadOf({ port, kinds: ['fresh', 'kept', 'lazy'], rate: RATE })
  const end = performance.now() + seconds * 1000
  let made = 0
  for (; made < 2 || performance.now() < end; made++) await daemon.upgrade()
  const { answers, errors, hangs } = await load.stop()
  await daemon.stop()
  count('operations', made)
  count('upgrades', made)
  count('requests', answers)
  note({ upgrades: made, 'requests answered': answers, failed: JSON.stringify(errors) })
  for (const [what, times] of Object.entries(errors)) fail(`${times} times: ${what}`)
  if (hangs) fail('a request has no end')
}
