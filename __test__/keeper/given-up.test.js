// A conversation with a keeper that is given up, or floods who has begun it.
import { existsSync } from 'node:fs'
import test from 'ava'
import { fixture, folder, threads, until } from '../helpers/index.js'
import { kept } from '../helpers/keeper.js'
import { native } from '../helpers/native.js'

/** An upgrade as `upgrade()` asks for it, with all the time it may need. */
const ORDER = Buffer.concat([Buffer.alloc(16, 0xff), Buffer.alloc(1)])

/** Begins waits that are given up at once, each in the same call of the event loop. */
const giveUp = (count, begin) =>
  Array.from({ length: count }, () => {
    const waits = new native.Waits(() => {})
    waits.giveUp(begin(waits))
    waits.close()
    // Collected, it would end what it has left open.
    return waits
  })

test.serial('an upgrade that is given up at once does not take place', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(place)
  await daemon.start()
  const before = await get()
  const waits = giveUp(20, (waits) => waits.upgrade(place.file('a.pid'), ORDER))
  await until(() => threads('daimon-launch') === 0)
  await until(async () => (await daemon.status()).bodies?.length === 1)
  t.is(await get(), before)
  t.like(await daemon.status(), { bodies: [{ generation: 1 }] })
  await daemon.upgrade()
  t.not(await get(), before)
  t.like(await daemon.status(), { respawns: 0 })
  t.is(waits.length, 20)
  await daemon.stop()
})

test.serial('a question that is given up at once leaves no client', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place)
  await daemon.start()
  // More than a keeper has at a time.
  const waits = giveUp(80, (waits) => waits.bodies(place.file('a.pid')))
  await until(() => threads('daimon-launch') === 0)
  await until(async () => (await daemon.status()).bodies !== undefined)
  t.is(waits.length, 80)
  await daemon.stop()
})

test.serial('a new program that floods an upgrade with its progress fills no queue', async (t) => {
  const place = folder(t)
  const env = { FOLDER: place.path }
  const { daemon } = await kept(place, { script: fixture('keeper/floods-status.cjs') }, env)
  await daemon.start()
  place.write('bad', '')
  const told = []
  const abort = new AbortController()
  const logger = { info: (text) => told.push(text), error() {}, debug() {}, warn() {} }
  const upgrading = daemon.with({ signal: abort.signal, logger }).upgrade()
  await until(() => existsSync(place.file('begun')))
  place.write('floods', '')
  // This process does not listen meanwhile.
  while (!existsSync(place.file('flooded')));
  place.write('go', '')
  await until(() => told.includes('last'))
  t.true(told.filter((text) => text === 'more').length < 500, `${told.length}`)
  abort.abort(new Error('enough'))
  await t.throwsAsync(upgrading, { message: 'enough' })
  await daemon.stop()
})
