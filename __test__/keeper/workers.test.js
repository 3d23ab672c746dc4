// Servers in worker threads of a body.
import { existsSync } from 'node:fs'
import test from 'ava'
import { alive, fixture, folder, kill, until } from '../helpers/index.js'
import { get, keepAlive, kept, serving } from '../helpers/keeper.js'

/** The script is ready before its worker listens. */
const listens = (ask) => until(() => ask().catch(() => undefined), 'a worker that listens')

const script = fixture('keeper/workers.cjs')

test.serial(
  'a server in a worker has the sockets of those before, after a crash and an upgrade',
  async (t) => {
    const { daemon, get } = await kept(folder(t), { script })
    await daemon.start()
    await listens(get)
    const first = await get()
    kill(Number(first))
    const second = await get()
    t.not(second, first)
    await daemon.upgrade()
    await until(async () => (await get()) !== second)
    await until(() => !alive(Number(second)))
    await daemon.stop()
  },
)

test.serial('a worker finishes its answers before its process is ended', async (t) => {
  const place = folder(t)
  const { daemon, port } = await kept(place, { script, drainTimeout: 600_000 }, { GO: place.file('go') })
  await daemon.start()
  await listens(() => get({ port }))
  const agent = keepAlive()
  const [old] = await serving(daemon)
  t.is(await get({ port, agent }), String(old))
  const slow = get({ port, path: '/slow', agent })
  await until(() => existsSync(place.file('go.asked')))
  await daemon.upgrade()
  await until(async () => (await daemon.status()).bodies.some(({ draining }) => draining))
  t.true(alive(old))
  place.write('go', '')
  t.is(await slow, String(old))
  await until(() => !alive(old))
  t.not(await get({ port, agent }), String(old))
  await daemon.stop()
})

for (const [when, isBefore] of [
  ['before an upgrade', true],
  ['while it is drained', false],
]) {
  test.serial(`a worker that is terminated ${when} does not keep its process from ending`, async (t) => {
    const place = folder(t)
    const env = { GO: place.file('go') }
    const { daemon, port } = await kept(place, { script, drainTimeout: 600_000 }, env)
    await daemon.start()
    await listens(() => get({ port }))
    const [old] = await serving(daemon)
    const slow = get({ port, path: '/slow' }).catch(({ code }) => code)
    await until(() => existsSync(place.file('go.asked')))
    if (isBefore) {
      kill(old, 'SIGUSR2')
      t.is(await slow, 'ECONNRESET')
    }
    await daemon.upgrade()
    if (!isBefore) {
      await until(async () => (await daemon.status()).bodies.some(({ draining }) => draining))
      kill(old, 'SIGUSR2')
      t.is(await slow, 'ECONNRESET')
    }
    await until(() => !alive(old))
    t.not(await listens(() => get({ port })), String(old))
    await daemon.stop()
  })
}
