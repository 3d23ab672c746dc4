import test from 'ava'
import { fixture, folder, until } from '../helpers/index.js'
import { engine, engineIn } from '../helpers/on-demand.js'

test.serial('ensure() starts the daemon, and gives the one that runs', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { socket: false, ways: { handler: false } })
  const first = await daemon.ensure()
  t.like(first, { state: 'running' })
  t.like(await daemon.ensure(), { state: 'running', pid: first.pid })
  await daemon.stop()
})

test.serial('many processes that ensure at once get one daemon, and it is ready', async (t) => {
  const place = folder(t)
  const options = engineIn(place, { socket: false, ways: { handler: false, boot: 300 } })
  const found = await Promise.all(
    Array.from({ length: 10 }, () => place.node([fixture('launcher/ensures.mjs'), JSON.stringify(options)])),
  )
  for (const { code, stderr } of found) t.is(code, 0, stderr)
  const all = found.map(({ stdout }) => JSON.parse(stdout))
  t.is(new Set(all.map(({ pid }) => pid)).size, 1)
  for (const { starting } of all) t.is(starting, undefined)
  await engine(place, { socket: false }).stop()
})

test.serial('a start that another process has begun is waited for, for readyTimeout', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { socket: false, ways: { handler: false, boot: 60_000 }, stopTimeout: 100 })
  const starting = t.throwsAsync(daemon.start())
  await until(async () => (await daemon.status()).starting, 'the boot')
  const error = await t.throwsAsync(daemon.with({ readyTimeout: 300 }).ensure(), {
    code: 'ERR_DAEMON_READY_TIMEOUT',
  })
  t.is(error.pid, (await daemon.status()).pid, 'it goes on')
  await daemon.stop()
  await starting
})

test.serial('a start that fails rejects with its own error', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { ways: { fail: 'no engine today' } })
  const { cause } = await t.throwsAsync(daemon.ensure(), { code: 'ERR_DAEMON_START_FAILED' })
  t.is(cause.message, 'no engine today')
})
