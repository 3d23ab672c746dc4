// What a keeper costs while nothing happens.
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { content, folder, until } from '../helpers/index.js'
import { kept, serving } from '../helpers/keeper.js'
import { needs } from '../helpers/needs.js'

/** As long as nothing must wake it, in milliseconds. */
const LONG = 10_000
/** As long as it sleeps between two looks when nothing is under way, in milliseconds. */
const QUIET = 300
/** The most memory that it may have, in kilobytes. */
const MOST = 250

/** How often it has gone to sleep. */
const sleeps = (pid) => Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(content(`/proc/${pid}/status`))[1])

/** Until nothing that others have asked for is under way. */
async function quiet(pid) {
  await until(async () => {
    const before = sleeps(pid)
    await delay(QUIET)
    return sleeps(pid) === before
  }, 'quiet')
}

test.serial('nothing wakes it, also after respawns and upgrades', async (t) => {
  const { daemon, get } = await kept(folder(t), { instances: 2 })
  const { pid } = await daemon.start()
  await t.throwsAsync(get('/exit?code=3'))
  await until(async () => (await daemon.status()).respawns === 1)
  await daemon.upgrade()
  await until(async () => (await serving(daemon)).length === 2)
  await quiet(pid)
  const before = sleeps(pid)
  await delay(LONG)
  t.is(sleeps(pid), before)
  await daemon.stop()
})

needs('static keeper')('it has little memory, also after upgrades', async (t) => {
  const { daemon } = await kept(folder(t))
  const { pid } = await daemon.start()
  for (let round = 0; round < 3; round++) {
    const [, pss] = /^Pss:\s+(\d+) kB$/m.exec(content(`/proc/${pid}/smaps_rollup`))
    t.true(Number(pss) <= MOST, pss)
    await daemon.upgrade()
  }
  await daemon.stop()
})
