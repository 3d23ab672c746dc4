/**
 * Upgrades under load, on this very Node.js. Argument: `{ count, program, rate }` as JSON: so many upgrades of that
 * program of __test__/fixtures/keeper, with so many new connections a second beside other clients. Prints as JSON what
 * has come of it.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Daemon } from '../dist/index.js'
import { atEnd } from '../scripts/lib/at-end.js'
import { killAll, MARK, marked, untilDead } from '../scripts/lib/processes.js'
import { loadOf } from '../torture/lib/load.js'
import { freePort, median, timed } from './measure.js'

const KINDS = ['fresh', 'kept', 'post', 'slow', 'large', 'lazy']

const { count, program, rate } = JSON.parse(process.argv[2])
const folder = mkdtempSync(join(tmpdir(), 'daimon-upgrades-'))
process.env[MARK] = folder
atEnd(() => {
  killAll(() => marked(folder).filter((pid) => pid !== process.pid))
  rmSync(folder, { recursive: true, force: true })
})

const port = await freePort()
const daemon = new Daemon({
  pidFile: join(folder, 'upgrades.pid'),
  log: join(folder, 'upgrades.log'),
  script: fileURLToPath(new URL(`../__test__/fixtures/keeper/${program}.cjs`, import.meta.url)),
  respawn: 'never',
  env: { PORT: String(port) },
})
await daemon.start()
const isServing = ({ draining }) => !draining
const served = async () => (await daemon.status()).bodies.find(isServing).pid

const load = await loadOf({ port, rate, kinds: KINDS, isTls: program === 'https' })
const old = []
const [times, drains] = [[], []]
for (let made = 0; made < count; made++) {
  old.push(await served())
  times.push(await timed(() => daemon.upgrade()))
  const pid = await served()
  drains.push(await timed(() => Promise.all([load.untilServedBy(pid), untilDead(old.at(-1))])))
}
const { answers, errors, slowest, hangs } = await load.stop()
await daemon.stop()
console.log(
  JSON.stringify({
    node: process.version,
    program,
    upgrades: count,
    answers,
    failed: Object.values(errors).reduce((sum, one) => sum + one, 0) + Number(hangs),
    errors,
    slowest,
    upgrade: median(times),
    longest: Math.max(...times),
    drain: median(drains),
  }),
)
