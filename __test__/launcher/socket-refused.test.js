import { once } from 'node:events'
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { fixture, folder, kill, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { close, engine, greetingOf } from '../helpers/on-demand.js'

/** A server that is no daemon. */
async function strangerAt(t, path, handler = () => {}) {
  const server = createServer(handler).listen(path)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return server
}

for (const [what, put] of [
  ['a file', (place) => place.write('engine.sock', 'precious')],
  ['a folder', (place) => mkdirSync(place.file('engine.sock'))],
  ['a link', (place) => symlinkSync(place.write('other', 'precious'), place.file('engine.sock'))],
]) {
  test.serial(`${what} at the path is refused, and left`, async (t) => {
    const place = folder(t)
    put(place)
    const before = lstatSync(place.file('engine.sock')).ino
    for (const verb of ['start', 'connect', 'ensure']) {
      const error = await t.throwsAsync(engine(place)[verb](), { code: 'ERR_DAEMON_PIDFILE' }, verb)
      t.is(error.reason, 'not-a-socket')
      t.true(error.message.includes(place.file('engine.sock')))
    }
    t.is(lstatSync(place.file('engine.sock')).ino, before)
    t.false(readdirSync(place.path).includes('engine.pid'))
    t.deepEqual(place.processes(), [])
  })
}

test.serial('a socket at which somebody else listens is refused, with who it is', async (t) => {
  const place = folder(t)
  await strangerAt(t, place.file('engine.sock'))
  const error = await t.throwsAsync(engine(place).start(), { code: 'ERR_DAEMON_PIDFILE' })
  t.is(error.reason, 'in-use')
  t.regex(error.message, new RegExp(`process ${process.pid} listens there`))
  t.deepEqual(place.processes(), [])
})

test.serial('the daemon of another pidfile at the path is not taken for this one', async (t) => {
  const place = folder(t)
  const path = place.file('shared.sock')
  const other = engine(place, { socket: path })
  const first = await other.connect()
  const { pid } = first.daemon
  for (const version of [undefined, '2']) {
    const daemon = engine(place, { pidFile: place.file('second.pid'), socket: path, version })
    await t.throwsAsync(daemon.connect({ start: false }), { code: 'ERR_DAEMON_NOT_RUNNING' })
    const error = await t.throwsAsync(daemon.connect(), { code: 'ERR_DAEMON_PIDFILE' })
    t.is(error.reason, 'in-use')
    t.regex(error.message, new RegExp(`process ${pid} listens there`))
  }
  t.like(await other.status(), { state: 'running', pid })
  await close(first)
  await other.stop()
  t.deepEqual(place.processes(), [])
})

needs('python3')('a socket that a dead process has left to its child is refused', async (t) => {
  const place = folder(t)
  await place.command('python3', [fixture('launcher/left-to-a-child.py'), place.file('engine.sock')])
  const error = await t.throwsAsync(engine(place).start(), { code: 'ERR_DAEMON_PIDFILE' })
  t.is(error.reason, 'in-use')
  t.regex(error.message, /another process listens there/, 'no PID of a dead process')
  for (const pid of place.processes()) kill(pid)
})

needs('python3')('a child that is about to close the socket of a dead process is waited for', async (t) => {
  const place = folder(t)
  const path = place.file('engine.sock')
  await place.command('python3', [fixture('launcher/left-to-a-child.py'), path, 'briefly'])
  const daemon = engine(place)
  t.like(await daemon.start(), { pid: (await daemon.status()).pid })
  await daemon.stop()
  t.deepEqual(place.processes(), [])
})

test.serial('a dead socket is taken over', async (t) => {
  const place = folder(t)
  const stranger = place.spawn([fixture('launcher/listens.mjs'), place.file('engine.sock')])
  await until(() => stranger.output().stdout.includes('listening'), 'the stranger')
  kill(stranger.pid)
  await stranger.done
  t.true(lstatSync(place.file('engine.sock')).isSocket())
  const daemon = engine(place)
  await close(await daemon.connect())
  await daemon.stop()
})

for (const [what, hello] of [
  ['no hello', 'HTTP/1.1 400 Bad Request\r\n'],
  ['a hello of another protocol', 'daimon/2 7\n'],
  ['one that is too long', `daimon/1 7 ${'v'.repeat(200)}`],
]) {
  test.serial(`${what} is refused, and not tried again`, async (t) => {
    const place = folder(t)
    let count = 0
    await strangerAt(t, place.file('engine.sock'), (socket) => {
      count++
      socket.on('error', () => {}).write(hello)
    })
    const error = await t.throwsAsync(engine(place).connect(), { code: 'ERR_DAEMON_UNVERIFIED' })
    t.is(error.reason, 'hello')
    t.true(error.message.includes(place.file('engine.sock')))
    t.is(count, 1)
  })
}

test.serial('a hello in any pieces is one', async (t) => {
  const place = folder(t)
  // It says hello itself.
  const options = { script: fixture('launcher/hello-in-pieces.mjs'), scriptArgs: [] }
  const daemon = engine(place, { ...options, socket: { hello: false } })
  const { pid } = await daemon.start()
  const socket = await new Daemon({ pidFile: place.file('engine.pid'), socket: true }).connect()
  t.deepEqual(socket.daemon, { pid, version: '1.2' })
  const [data] = await once(socket, 'data')
  t.is(String(data), 'rest')
  socket.destroy()
  await daemon.stop()
})

test.serial('a path that no address can hold is refused', async (t) => {
  const place = folder(t)
  const error = await t.throwsAsync(engine(place, { socket: place.file('x'.repeat(200)) }).start())
  t.is(error.code, 'ERR_DAEMON_INVALID_OPTION')
  t.is(error.option, 'socket')
  t.deepEqual(place.processes(), [])
})

needs('root')("another user's socket is refused, and so is another user's daemon", async (t) => {
  const place = folder(t)
  const server = await strangerAt(t, place.file('other.sock'))
  server.close()
  const stranger = place.spawn([fixture('launcher/listens.mjs'), place.file('engine.sock')], { uid: 0 })
  await until(() => stranger.output().stdout.includes('listening'), 'the stranger')
  kill(stranger.pid)
  await stranger.done
  chownSync(place.file('engine.sock'), 12_345, 12_345)
  const error = await t.throwsAsync(engine(place).start(), { code: 'ERR_DAEMON_PIDFILE' })
  t.is(error.reason, 'socket-foreign')
  t.regex(error.message, /user 12345/)
  unlinkSync(place.file('engine.sock'))
})

test.serial(
  'arguments that cannot be cloned, and wrong options, are refused before anything happens',
  async (t) => {
    const place = folder(t)
    const daemon = engine(place)
    const wrong = { code: 'ERR_DAEMON_INVALID_OPTION' }
    await t.throwsAsync(daemon.connect({ args: [() => {}] }), wrong)
    for (const [options, option] of [
      [{ args: 7 }, 'args'],
      [{ start: 'no' }, 'start'],
      [{ signal: 7 }, 'signal'],
      [{ version: '1' }, 'version'],
      [7, 'options'],
    ]) {
      const error = await t.throwsAsync(daemon.connect(options), wrong)
      t.is(error.option, option)
    }
    t.deepEqual(readdirSync(place.path), [])
  },
)

needs('root')('a daemon of the option user is one to talk to, and another user’s is not', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  const options = { user: 'nobody', log: undefined, socket: { mode: 0o666 } }
  const daemon = engine(place, options)
  const socket = await daemon.connect()
  t.is((await greetingOf(socket)).pid, socket.daemon.pid)
  t.is(lstatSync(place.file('engine.sock')).uid, 65_534)
  const asDaemon = (user) =>
    place.node(
      [
        fixture('launcher/client.mjs'),
        JSON.stringify({ pidFile: place.file('engine.pid'), socket: true, ...(user ? { user } : {}) }),
      ],
      { uid: 1, gid: 1 },
    )
  t.is((await asDaemon('nobody')).code, 0)
  const { code, stderr } = await asDaemon()
  t.is(code, 1)
  t.regex(stderr, /a process of user 65534 listens there/)
  await close(socket)
  await daemon.stop()
})
