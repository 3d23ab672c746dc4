import { once } from 'node:events'
import { existsSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import test from 'ava'
import { content, fixture, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { close, engine, engineIn, greetingOf, socketPath } from '../helpers/on-demand.js'

test.serial('a daemon that is not used leaves by itself, and nothing of it is left', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { idleTimeout: 100 })
  await close(await daemon.connect())
  await daemon.exited()
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: place.file('engine.pid'), stale: false })
  t.false(existsSync(place.file('engine.sock')))
  t.regex(place.read('engine.log'), /^stop {"by":"idle"}$/m)
  t.deepEqual(place.processes(), [])
})

test.serial('an open connection and busy work keep it', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { idleTimeout: 200 })
  const first = await daemon.connect()
  const { pid } = await greetingOf(first)
  const second = await daemon.connect()
  await close(first)
  second.write(`busy-until ${place.file('free')}`)
  await until(() => second.readableLength > 0 || second.read() !== null, 'the echo')
  await close(second)
  // By a timer in the daemon that is later than the end of its idle time.
  await until(() => content(place.file('engine.log')).includes('still busy'), 'the idle time')
  const third = await daemon.connect()
  t.is(third.daemon.pid, pid)
  await close(third)
  place.write('free', '')
  await daemon.exited()
  t.deepEqual(place.processes(), [])
})

test.serial('clients of a daemon that leaves all the time are never refused', async (t) => {
  const place = folder(t)
  const options = JSON.stringify({ ...engineIn(place, { idleTimeout: 5 }), count: 30 })
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => place.node([fixture('launcher/client.mjs'), options])),
  )
  for (const { code, stdout, stderr } of clients) {
    t.is(code, 0, stderr)
    const lines = stdout.trim().split('\n')
    t.is(lines.length, 30)
    for (const line of lines) t.regex(line, /hello"}$/)
  }
  await until(() => place.processes().length === 0, 'the end of the last one')
  t.false(existsSync(place.file('engine.sock')))
  t.false(existsSync(place.file('engine.pid')))
})

test.serial('one that leaves is told as stopping, and a start waits for its end', async (t) => {
  const place = folder(t)
  const gate = place.file('gate')
  const daemon = engine(place, { ways: { gate } })
  const { pid } = await daemon.start()
  const stopping = daemon.stop()
  const status = await until(async () => {
    const found = await daemon.status()
    return found.stopping && found
  }, 'stopping')
  t.like(status, { state: 'running', pid, stopping: true })
  t.false(existsSync(place.file('engine.sock')), 'nobody finds it')
  const next = daemon.start()
  place.write('gate', '')
  await stopping
  const started = await next
  t.not(started.pid, pid)
  await daemon.stop()
  t.is(content(place.file('engine.log')).match(/^stop /gm).length, 2)
})

test.serial('a client of one that is leaving waits for its end, and starts the next', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { ways: { gate: place.file('gate') } })
  const { pid } = await daemon.start()
  const stopping = daemon.stop()
  await until(async () => (await daemon.status()).stopping, 'stopping')
  const connecting = [daemon.connect(), daemon.connect()]
  place.write('gate', '')
  await stopping
  const [first, second] = await Promise.all(connecting)
  t.not(first.daemon.pid, pid)
  t.is(first.daemon.pid, second.daemon.pid)
  await close(first)
  await close(second)
  await daemon.stop()
})

test.serial('more clients wait than C libraries let a socket have', async (t) => {
  const place = folder(t)
  await engine(place, { ways: { handler: false } }).start()
  // musl and macOS name 128 as the limit.
  const clients = Array.from({ length: 200 }, () => connect(socketPath(place)))
  await Promise.all(clients.map((client) => once(client, 'connect')))
  for (const client of clients) client.destroy()
  t.pass()
})

needs('Unix')('one whose socket has been removed leaves when it is not used', async (t) => {
  const place = folder(t)
  const daemon = engine(place)
  const socket = await daemon.connect()
  const { pid } = await greetingOf(socket)
  unlinkSync(place.file('engine.sock'))
  socket.write('still here')
  const [echo] = await once(socket, 'data')
  t.is(String(echo), 'still here')
  t.like(await daemon.status(), { state: 'running', pid })
  await close(socket)
  await daemon.exited()
  t.regex(place.read('engine.log'), /^stop {"by":"idle"}$/m)
})

test.serial('without connections and without an idle time it stays', async (t) => {
  const place = folder(t)
  const daemon = engine(place)
  const { pid } = await daemon.start()
  const socket = await daemon.connect()
  t.is(socket.daemon.pid, pid)
  await close(socket)
  t.like(await daemon.status(), { state: 'running', pid })
  await daemon.stop()
})

test.serial('a client that dies as the idle time ends does not keep it', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { idleTimeout: 500 })
  const socket = await daemon.connect()
  const { pid } = await greetingOf(socket)
  // Its event loop is blocked when its idle time ends.
  socket.write('block-later 200 1500')
  await close(socket)
  await until(() => content(place.file('engine.log')).includes('blocked'), 'the block')
  const dead = connect(socketPath(place))
  await once(dead, 'connect')
  dead.destroy()
  t.like(await daemon.status(), { state: 'running', pid })
  await daemon.exited()
  t.regex(place.read('engine.log'), /^stop {"by":"idle"}$/m)
})

test.serial('work that begins as it leaves may end', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { idleTimeout: 50, ways: { last: 300 } })
  await close(await daemon.connect())
  await daemon.exited()
  t.regex(place.read('engine.log'), /^saved\nstop {"by":"idle"}$/m)
})

test.serial('a connection whose handler throws does not keep a daemon that goes on', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { idleTimeout: 200, ways: { faulty: true } })
  const socket = await daemon.connect()
  socket.on('error', () => {}).resume()
  await once(socket, 'close')
  await daemon.exited()
  t.regex(place.read('engine.log'), /^uncaught faulty\nstop {"by":"idle"}$/m)
})

test.serial('a daemon that its handler ends accepts nobody any more', async (t) => {
  const place = folder(t)
  const gate = place.file('gate')
  const daemon = engine(place, { ways: { until: gate, faulty: 'fatal' } })
  const starting = daemon.start()
  await until(() => content(place.file('engine.log')) === 'boot\n', 'the boot')
  const clients = Array.from({ length: 10 }, () => connect(socketPath(place)))
  const ends = clients.map((client) =>
    once(
      client.on('error', () => {}),
      'close',
    ),
  )
  await Promise.all(clients.map((client) => once(client, 'connect')))
  let hellos = ''
  for (const client of clients) {
    client.on('data', (data) => {
      hellos += data
    })
  }
  place.write('gate', '')
  const { pid } = await starting
  await Promise.all(ends)
  t.is(hellos, `daimon/1 ${pid}\n`)
  await daemon.exited()
  t.false(existsSync(place.file('engine.sock')))
})
