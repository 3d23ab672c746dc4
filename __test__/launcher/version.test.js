import test from 'ava'
import { alive, folder, until } from '../helpers/index.js'
import { close, engine, greetingOf } from '../helpers/on-demand.js'

test.serial('the hello tells the version, and a client of another one replaces the daemon', async (t) => {
  const place = folder(t)
  const [first, second] = ['1.0.0', '2.0.0'].map((version) => engine(place, { version }))
  const old = await first.connect()
  t.deepEqual(Object.keys(old.daemon), ['pid', 'version'])
  t.is(old.daemon.version, '1.0.0')
  await close(old)
  const next = await second.connect()
  t.is(next.daemon.version, '2.0.0')
  t.not(next.daemon.pid, old.daemon.pid)
  t.false(alive(old.daemon.pid))
  await close(next)
  const any = await engine(place).connect()
  t.is(any.daemon.pid, next.daemon.pid, 'without a version any will do')
  await close(any)
  await second.stop()
})

test.serial('open connections of the old one are finished first', async (t) => {
  const place = folder(t)
  const [first, second] = ['1', '2'].map((version) => engine(place, { version }))
  const old = await first.connect()
  await greetingOf(old)
  const replacing = second.connect()
  await until(async () => (await first.status()).stopping, 'stopping')
  old.write('one more')
  const [echo] = await new Promise((resolve) => old.once('data', (...data) => resolve(data)))
  t.is(String(echo), 'one more')
  t.true(alive(old.daemon.pid))
  await close(old)
  const next = await replacing
  t.is(next.daemon.version, '2')
  await close(next)
  await second.stop()
})

test.serial('those that do not end are cut off before the stop timeout', async (t) => {
  const place = folder(t)
  const [first, second] = ['1', '2'].map((version) => engine(place, { version, stopTimeout: 2_000 }))
  const old = await first.connect()
  old.on('error', () => {}).resume()
  const closed = new Promise((resolve) => old.once('close', resolve))
  const next = await second.connect()
  t.is(next.daemon.version, '2')
  await closed
  t.regex(place.read('engine.log'), /stop {"by":"signal","signal":"SIGTERM"}/, 'its hooks have run')
  await close(next)
  await second.stop()
})

test.serial('one that cannot start the next does not stop this one', async (t) => {
  const place = folder(t)
  const first = engine(place, { version: '1' })
  const { pid } = await first.start()
  const second = engine(place, { version: '2' })
  const error = await t.throwsAsync(second.connect({ start: false }), { code: 'ERR_DAEMON_NOT_RUNNING' })
  t.regex(error.message, /version 1, and none of version 2/)
  t.true(alive(pid))
  await first.stop()
})

test.serial('ensure() gives the daemon of its version', async (t) => {
  const place = folder(t)
  const [first, second] = ['1', '2'].map((version) => engine(place, { version }))
  const one = await first.ensure()
  t.is((await first.ensure()).pid, one.pid)
  const two = await second.ensure()
  t.not(two.pid, one.pid)
  t.like(await second.status(), { state: 'running', pid: two.pid })
  await second.stop()
})

test.serial('clients of two versions at once each get theirs', async (t) => {
  const place = folder(t)
  const daemons = ['1', '2'].map((version) => engine(place, { version }))
  await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const socket = await daemons[index % 2].connect()
      t.is(socket.daemon.version, String((index % 2) + 1))
      t.is((await greetingOf(socket)).pid, socket.daemon.pid)
      await close(socket)
    }),
  )
  await daemons[0].stop()
  t.deepEqual(place.processes(), [])
})
