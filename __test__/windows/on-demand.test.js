// Daemons on demand by named pipes.
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import test from 'ava'
import { Daemon, InvalidOptionError, PidFileError, UnverifiedError } from '../../dist/index.js'
import { alive, fixture, folder, kill, until } from '../helpers/index.js'
import { close, engine, engineIn, greetingOf, socketPath } from '../helpers/on-demand.js'
import { hears } from '../helpers/windows-daemons.js'

/** The name of a pipe that no other test has. */
const pipeName = (place) => `\\\\.\\pipe\\${place.path.replaceAll(/\W/g, '-')}`

/** A Daemon whose body answers once its client has ended its side. */
const answering = (place, scriptArgs = [], options = {}) =>
  engine(place, { script: fixture('windows/answering.mjs'), scriptArgs, ...options })

/** The place of a daemon without a socket, where one with a socket is looked for. */
const at = (place) => ({ pidFile: place.file('engine.pid') })

/** A process that is no daemon, serves that pipe, and says this first. Gives its PID. */
async function strangerAt(place, path, hello = '') {
  const stranger = place.spawn([fixture('windows/stranger.mjs'), path, hello])
  await until(() => stranger.output().stdout.includes('listening'), 'the stranger')
  return stranger.pid
}

/** What the daemon answers. */
async function ask(daemon, text) {
  const socket = await daemon.connect()
  socket.setEncoding('utf8').end(text)
  let answer = ''
  for await (const part of socket) answer += part
  return answer
}

test.serial('a connection starts the daemon, which says who it is, and the next one finds it', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { version: '1.4.2' })
  const first = await daemon.connect()
  const { pid } = await greetingOf(first)
  t.deepEqual(first.daemon, { pid, version: '1.4.2' })
  const second = await daemon.connect()
  const { peer, connections } = await greetingOf(second)
  t.deepEqual(second.daemon, first.daemon)
  t.is(connections, 2)
  t.deepEqual(peer, { pid: process.pid, uid: -1, gid: -1 })
  t.like(await daemon.ensure(), { state: 'running', pid })
  t.deepEqual(place.processes(), [pid])
  await close(first)
  await close(second)
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.deepEqual(place.processes(), [])
})

test.serial('a client ends its side, and has the answer all the same, however late', async (t) => {
  const place = folder(t)
  const daemon = answering(place)
  const peer = JSON.stringify({ pid: process.pid, uid: -1, gid: -1 })
  // Node.js itself closes both sides of a pipe 50 ms after the end of one.
  for (const time of [0, 500]) t.is(await ask(daemon, `${time} question`), `question ${peer}`)
  const large = 'é'.repeat(2_000_000)
  t.is(await ask(daemon, `0 ${large}`), `${large} ${peer}`)
  await daemon.stop()
})

test.serial('HTTP goes over it, with bodies and one connection after the other', async (t) => {
  const place = folder(t)
  const daemon = answering(place, ['http'])
  class EngineAgent extends Agent {
    createConnection(_options, callback) {
      daemon.connect().then((socket) => callback(null, socket), callback)
    }
  }
  const agent = new EngineAgent({ keepAlive: true })
  for (const body of ['one', 'x'.repeat(300_000)]) {
    const sent = request({ agent, method: 'POST', path: '/', host: 'engine' }).end(body)
    const [response] = await once(sent, 'response')
    let text = ''
    for await (const part of response.setEncoding('utf8')) text += part
    t.is(text, `POST ${body}`)
  }
  agent.destroy()
  await daemon.stop()
})

test.serial('ten processes that connect at once, cold, are all served by one daemon', async (t) => {
  const place = folder(t)
  const options = JSON.stringify(engineIn(place))
  const clients = await Promise.all(
    Array.from({ length: 10 }, () => place.node([fixture('launcher/client.mjs'), options])),
  )
  const pids = clients.map(({ code, stdout, stderr }) => {
    t.is(code, 0, stderr)
    const { daemon, text } = JSON.parse(stdout)
    t.regex(text, /}\nhello$/)
    return daemon.pid
  })
  t.is(new Set(pids).size, 1)
  t.deepEqual(place.processes(), [pids[0]])
  await engine(place).stop()
})

test.serial('another version replaces the daemon, once its open connections have ended', async (t) => {
  const place = folder(t)
  const [first, second] = ['1', '2'].map((version) => engine(place, { version }))
  const old = await first.connect()
  await greetingOf(old)
  const replacing = second.connect()
  await until(async () => (await first.status()).stopping, 'stopping')
  old.write('one more')
  const [echo] = await once(old, 'data')
  t.is(String(echo), 'one more')
  t.true(alive(old.daemon.pid))
  await close(old)
  const next = await replacing
  t.is(next.daemon.version, '2')
  t.false(alive(old.daemon.pid))
  await close(next)
  await second.stop()
})

test.serial('a plain stop does not wait for open connections', async (t) => {
  const place = folder(t)
  const daemon = engine(place)
  const socket = await daemon.connect()
  socket.on('error', () => {}).resume()
  const closed = once(socket, 'close')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  await closed
})

test.serial(
  'a daemon that is not used leaves by itself, and one that is killed is started anew',
  async (t) => {
    const place = folder(t)
    const daemon = engine(place, { idleTimeout: 100 })
    const first = await daemon.connect()
    await close(first)
    t.deepEqual(await daemon.exited(), { code: 0 })
    t.regex(place.read('engine.log'), /^stop {"by":"idle"}$/m)
    const second = await daemon.connect()
    t.not(second.daemon.pid, first.daemon.pid)
    const { pid } = second.daemon
    second.on('error', () => {}).resume()
    kill(pid)
    await once(second, 'close')
    const third = await daemon.connect()
    t.not(third.daemon.pid, pid)
    await close(third)
    await daemon.exited()
    t.deepEqual(place.processes(), [])
  },
)

test.serial('a stranger who has the name first keeps the daemon from being started', async (t) => {
  const place = folder(t)
  const pid = await strangerAt(place, socketPath(place), `daimon/1 ${process.pid}\n`)
  await t.throwsAsync(engine(place).connect(), { instanceOf: UnverifiedError })
  const error = await t.throwsAsync(engine(place).start(), { instanceOf: PidFileError })
  t.is(error.reason, 'in-use')
  t.true(error.message.includes(`process ${pid} listens there`), error.message)
  t.deepEqual(place.processes(), [pid])
})

test.serial('a stranger is not taken for the daemon, whatever it says', async (t) => {
  const place = folder(t)
  const { pid } = await hears(place, 'cjs', [], at(place)).start()
  const hellos = ['', `daimon/1 ${pid}\n`]
  for (const [index, hello] of hellos.entries()) {
    const path = `${pipeName(place)}-${index}`
    const stranger = await strangerAt(place, path, hello)
    const error = await t.throwsAsync(engine(place, { socket: path }).connect(), {
      instanceOf: UnverifiedError,
    })
    t.is(error.pid, stranger)
    t.regex(error.message, /which is not the daemon of this pidfile; nothing was sent/)
  }
  t.like(await engine(place).status(), { state: 'running', pid })
  await engine(place).stop()
})

test.serial('a name can be given, as net.connect() takes it, and no other path', async (t) => {
  const place = folder(t)
  const path = pipeName(place)
  const daemon = engine(place, { socket: path })
  const socket = await daemon.connect()
  await close(socket)
  const error = await t.throwsAsync(engine(place).connect(), { instanceOf: UnverifiedError })
  t.is(error.reason, 'no-socket', 'nobody listens at the name of the pidfile')
  await daemon.stop()
  t.throws(() => engine(place, { socket: place.file('engine.sock') }), {
    instanceOf: InvalidOptionError,
    message: /is no named pipe/,
  })
  const long = engine(place, { socket: `${path}${'x'.repeat(256)}` })
  await t.throwsAsync(long.connect(), { instanceOf: InvalidOptionError, message: /is too long/ })
  t.deepEqual(place.processes(), [])
})

test.serial('without a hello any client is served as it is, and daimon knows whom it talks to', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { socket: { hello: false } })
  const first = await daemon.connect()
  const { pid } = await greetingOf(first)
  t.deepEqual(first.daemon, { pid })
  const plain = connect(socketPath(place))
  t.is((await greetingOf(plain)).pid, pid)
  plain.destroy()
  first.destroy()
  await daemon.stop()
  await strangerAt(place, `${pipeName(place)}-plain`)
  await hears(place, 'cjs', [], at(place)).start()
  const path = { path: `${pipeName(place)}-plain`, hello: false }
  await t.throwsAsync(new Daemon(engineIn(place, { socket: path })).connect(), {
    instanceOf: UnverifiedError,
  })
  await engine(place).stop()
})
