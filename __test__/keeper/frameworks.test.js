import test from 'ava'
import { loadOf } from '../../torture/lib/load.js'
import { alive, fixture, folder, until } from '../helpers/index.js'
import { get, kept, serving } from '../helpers/keeper.js'

const HTTP = ['fresh', 'kept', 'post', 'slow', 'large', 'lazy']
const UPGRADES = 3

/** Clients load a program that knows nothing of a keeper, while it is replaced. */
async function upgradeUnderLoad(t, name, { isTls = false, kinds = HTTP, isPath = false }) {
  const place = folder(t)
  const path = isPath ? place.file('web.sock') : undefined
  const script = fixture(`keeper/${name}.cjs`)
  const { daemon, port } = await kept(place, { script }, isPath ? { SOCKET: path } : {})
  await daemon.start()
  const load = await loadOf({ port, path, kinds, isTls })
  const bodies = await serving(daemon)
  for (let count = 0; count < UPGRADES; count++) {
    await daemon.upgrade()
    const [pid] = await serving(daemon)
    bodies.push(pid)
    await load.untilServedBy(pid)
  }
  const { errors, by, hangs } = await load.stop()
  t.deepEqual({ errors, hangs }, { errors: {}, hangs: false })
  t.deepEqual(Object.keys(by).map(Number).toSorted(), bodies.toSorted())
  await until(() => !bodies.slice(0, -1).some(alive))
  t.true(alive(bodies.at(-1)))
  await daemon.stop()
  t.deepEqual(place.processes(), [])
}

for (const [what, name, options] of [
  ['node:http', 'http', {}],
  ['node:https', 'https', { isTls: true }],
  ['node:http2', 'http2', { kinds: ['streams'] }],
  ['node:http2 with TLS', 'http2-tls', { kinds: ['streams'], isTls: true }],
  ['node:net', 'net', { kinds: ['lines', 'talks'] }],
  ['node:net at a path', 'net', { kinds: ['lines', 'talks'], isPath: true }],
  ['Express', 'express', {}],
  ['Fastify', 'fastify', {}],
  ['Koa', 'koa', {}],
  ['ws', 'ws', { kinds: ['messages'] }],
]) {
  test.serial(`no client of ${what} is refused, reset or left, while its program is replaced`, (t) =>
    upgradeUnderLoad(t, name, options),
  )
}

// The primary process accepts for its workers, or they do.
for (const policy of ['rr', 'none']) {
  test.serial(`cluster works in a body, and ends with it: ${policy}`, async (t) => {
    const place = folder(t)
    const env = { NODE_CLUSTER_SCHED_POLICY: policy }
    const { daemon, port } = await kept(place, { script: fixture('keeper/cluster.cjs') }, env)
    await daemon.start()
    await until(() => place.processes().length === 4)
    // It is ready before its workers listen.
    const before = Number(await until(() => get({ port }).catch(() => undefined)))
    t.false((await serving(daemon)).includes(before))
    await daemon.upgrade()
    await until(() => !alive(before))
    t.not(Number(await get({ port })), before)
    await until(() => place.processes().length === 4)
    await daemon.stop()
    await until(() => place.processes().length === 0)
  })
}
