import { existsSync, lstatSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, fixture, folder, isAtRest, kill, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { close, engine, engineIn, greetingOf, socketPath } from '../helpers/on-demand.js'

test.serial('a connection starts the daemon, and the next one finds it', async (t) => {
  const place = folder(t)
  const daemon = engine(place)
  const first = await daemon.connect()
  const { pid } = first.daemon
  t.deepEqual(first.daemon, { pid })
  t.true(first.isPaused() || first.readableFlowing === null, 'nothing has been read')
  const greeting = await greetingOf(first)
  t.is(greeting.pid, pid)
  t.deepEqual(greeting.peer, {
    pid: process.pid,
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
  })
  t.like(await daemon.status(), { state: 'running', pid })
  const second = await daemon.connect()
  t.is(second.daemon.pid, pid)
  t.is((await greetingOf(second)).connections, 2)
  await close(first)
  await close(second)
  await daemon.stop()
  t.false(existsSync(place.file('engine.sock')))
  t.deepEqual(place.processes(), [])
})

test.serial('fifty processes that connect at once, cold, are all served by one daemon', async (t) => {
  const place = folder(t)
  const options = JSON.stringify(engineIn(place))
  const clients = await Promise.all(
    Array.from({ length: 50 }, () => place.node([fixture('launcher/client.mjs'), options])),
  )
  const pids = clients.map(({ code, stdout, stderr }) => {
    t.is(code, 0, stderr)
    const { daemon, text } = JSON.parse(stdout)
    t.regex(text, /}\nhello$/)
    return daemon.pid
  })
  t.is(new Set(pids).size, 1)
  await engine(place).stop()
  t.deepEqual(place.processes(), [])
})

test.serial('what comes after the hello is kept, and the other side may end first', async (t) => {
  const place = folder(t)
  const { code, stdout } = await place.node([
    fixture('launcher/client.mjs'),
    JSON.stringify({ ...engineIn(place), count: 20 }),
  ])
  t.is(code, 0)
  const lines = stdout.trim().split('\n')
  t.is(lines.length, 20)
  for (const line of lines) t.regex(JSON.parse(line).text, /^{"pid":\d+.*}\nhello$/)
  await engine(place).stop()
})

test.serial('without start, and without a body, nobody is started', async (t) => {
  const place = folder(t)
  const daemon = engine(place)
  await t.throwsAsync(daemon.connect({ start: false }), {
    code: 'ERR_DAEMON_NOT_RUNNING',
    message: `No daemon of ${place.file('engine.pid')} listens at ${socketPath(place)}. Start it first.`,
  })
  t.deepEqual(place.processes(), [])
  await daemon.start()
  const { script, scriptArgs, log, ...control } = engineIn(place)
  const socket = await new Daemon(control).connect()
  await close(socket)
  await daemon.stop()
  await t.throwsAsync(new Daemon(control).connect(), { code: 'ERR_DAEMON_NOT_RUNNING' })
})

test.serial('a client that waits for a busy event loop is served, and can give up', async (t) => {
  const place = folder(t)
  const daemon = engine(place)
  const first = await daemon.connect()
  await greetingOf(first)
  first.write('block 1500')
  const gone = new AbortController()
  const waiting = daemon.connect()
  const impatient = daemon.connect({ signal: gone.signal })
  gone.abort(new Error('had enough'))
  await t.throwsAsync(impatient, { message: 'had enough' })
  await close(await waiting)
  await close(first)
  await daemon.stop()
})

test.serial('one that was killed is started again, in one go', async (t) => {
  const place = folder(t)
  const daemon = engine(place)
  const first = await daemon.connect()
  first.on('error', () => {})
  kill(first.daemon.pid)
  const second = await daemon.connect()
  t.not(second.daemon.pid, first.daemon.pid)
  first.destroy()
  await close(second)
  await daemon.stop()
})

needs('Unix')('one whose socket was removed is told at once, and one that was started without', async (t) => {
  const place = folder(t)
  const daemon = engine(place)
  // In use, it does not leave by itself.
  const first = await daemon.connect()
  const { pid } = first.daemon
  unlinkSync(place.file('engine.sock'))
  const error = await t.throwsAsync(daemon.connect(), { code: 'ERR_DAEMON_UNVERIFIED' })
  t.like(error, { reason: 'no-socket', pid })
  t.true(error.message.includes(place.file('engine.sock')))
  await close(first)
  await daemon.exited()
  const plain = engine(place, { socket: false, ways: { handler: false } })
  const { pid: other } = await plain.start()
  t.like(await t.throwsAsync(daemon.connect()), { reason: 'no-socket', pid: other })
  await plain.stop()
})

test.serial('a daemon without a handler accepts nobody, and goes on', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { ways: { handler: false }, readyTimeout: 2_000 })
  const error = await t.throwsAsync(daemon.connect(), { code: 'ERR_DAEMON_READY_TIMEOUT' })
  t.regex(error.message, /onConnection/)
  t.true(alive(error.pid))
  await daemon.stop()
})

test.serial('each client of a start that fails rejects with the error of its own start', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { ways: { fail: 'no engine today', boot: 100 } })
  // Each waits for the starts before its own, for two seconds: under wine a start takes half of that.
  const length = process.platform === 'win32' ? 2 : 5
  const errors = await Promise.all(
    Array.from({ length }, () => t.throwsAsync(daemon.connect(), { code: 'ERR_DAEMON_START_FAILED' })),
  )
  for (const { cause } of errors) t.is(cause.message, 'no engine today')
  t.false(existsSync(place.file('engine.sock')))
  t.false(existsSync(place.file('engine.pid')))
  t.deepEqual(place.processes(), [])
})

test.serial('a program that has nothing left to do is told, and not started again', async (t) => {
  const place = folder(t)
  const script = place.write('engine.mjs', "console.log('boot')")
  const error = await t.throwsAsync(engine(place, { script }).connect(), { code: 'ERR_DAEMON_START_FAILED' })
  t.regex(error.message, /has ended before it accepted the connection: .* handler for connections/)
  t.is(error.exitCode, 0)
  t.is(place.read('engine.log'), 'boot\n')
  t.deepEqual(place.processes(), [])
})

// Where a start takes long, the time may be over in the middle of one.
needs('processor of its own')(
  'one that fails whenever it is ready is not started in a loop, and that is told',
  async (t) => {
    const place = folder(t)
    const script = place.write(
      'engine.mjs',
      `import { Daemon } from "DAIMON"
     console.log('boot')
     Daemon.current.ready()
     process.exit(1)`,
    )
    // Long enough for several starts on a slow machine; a loop without pauses would make five times the bound.
    const daemon = engine(place, { script, readyTimeout: 4_000 })
    const error = await t.throwsAsync(daemon.connect(), { code: 'ERR_DAEMON_READY_TIMEOUT' })
    t.regex(
      error.message,
      /has been started within 4000 ms, (once|\d+ times), and has ended each time before it accepted/,
    )
    // The time may be over in the middle of one more start.
    await until(() => place.processes().length === 0, 'the end of the last one')
    t.true(place.read('engine.log').split('boot').length < 10)
  },
)

test.serial(
  'the ends of those before are told where the time is over in the middle of a start',
  async (t) => {
    const place = folder(t)
    const script = place.write(
      'engine.mjs',
      `import { existsSync, writeFileSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     if (existsSync(${JSON.stringify(place.file('first'))})) await new Promise(() => setInterval(() => {}, 1e6))
     else {
       writeFileSync(${JSON.stringify(place.file('first'))}, '')
       Daemon.current.ready()
       process.exit(1)
     }`,
    )
    const daemon = engine(place, { script, readyTimeout: 2_000, stopTimeout: 200 })
    const error = await t.throwsAsync(daemon.connect(), { code: 'ERR_DAEMON_READY_TIMEOUT' })
    const next = Number(place.read('engine.pid'))
    t.is(error.pid, next)
    t.regex(error.message, /has been started within 2000 ms, once, and has ended each time/)
    t.true(error.message.endsWith(`Process ${next}, the next one, goes on.`))
    await daemon.stop()
  },
)

test.serial('an abort of the client does not end the boot, which the next client finds', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { ways: { boot: 800 } })
  const gone = new AbortController()
  const impatient = daemon.connect({ signal: gone.signal })
  await until(() => content(place.file('engine.log')) === 'boot\n', 'the boot')
  const pid = Number(place.read('engine.pid'))
  gone.abort(new Error('had enough'))
  await t.throwsAsync(impatient, { message: 'had enough' })
  const socket = await daemon.connect()
  t.is(socket.daemon.pid, pid)
  await close(socket)
  await daemon.stop()
})

test.serial('the death of the launcher does not end the boot, either', async (t) => {
  const place = folder(t)
  const options = engineIn(place, { ways: { boot: 800 } })
  const client = place.spawn([fixture('launcher/client.mjs'), JSON.stringify(options)])
  await until(() => content(place.file('engine.log')) === 'boot\n', 'the boot')
  const pid = Number(place.read('engine.pid'))
  kill(client.pid)
  const socket = await engine(place).connect()
  t.is(socket.daemon.pid, pid)
  await close(socket)
  await engine(place).stop()
})

needs('Unix')('nor does its death before the daemon has read what to do', async (t) => {
  const place = folder(t)
  const client = place.spawn([fixture('launcher/client.mjs'), JSON.stringify(engineIn(place))])
  const pid = await until(() => Number(content(place.file('engine.pid'))), 'the launch')
  await until(() => content(`/proc/${pid}/cmdline`).includes('engine.mjs'), 'the execution')
  kill(pid, 'SIGSTOP')
  await until(() => isAtRest(client.pid), 'the word of the launcher')
  kill(client.pid)
  await client.done
  kill(pid, 'SIGCONT')
  const socket = await engine(place).connect()
  t.is(socket.daemon.pid, pid)
  await close(socket)
  await engine(place).stop()
})

test.serial('a boot without a launcher ends itself when its time is over', async (t) => {
  const place = folder(t)
  const options = engineIn(place, { ways: { boot: 60_000 }, readyTimeout: 1_500 })
  const client = place.spawn([fixture('launcher/client.mjs'), JSON.stringify(options)])
  await until(() => content(place.file('engine.log')) === 'boot\n', 'the boot')
  kill(client.pid)
  await until(() => place.processes().length === 0, 'the end of the daemon')
  // The signal has ended it before it had handlers: what is left is taken over.
  const next = engine(place)
  await close(await next.connect())
  await next.stop()
  t.false(existsSync(place.file('engine.sock')))
})

needs('Unix')('the socket has its mode whatever the umask, and a path of any length', async (t) => {
  const place = folder(t)
  const path = place.file(`${'long/'.repeat(40)}engine.sock`)
  mkdirSync(place.file('long/'.repeat(40)), { recursive: true })
  t.true(path.length > 200)
  const daemon = engine(place, { socket: { path, mode: 0o666 } })
  const before = process.umask(0o077)
  const socket = await daemon.connect().finally(() => process.umask(before))
  t.is(lstatSync(path).mode & 0o777, 0o666)
  await close(socket)
  await daemon.stop()
  t.false(existsSync(path))
})

test.serial('without a hello any client is served as it is', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { socket: { hello: false } })
  const { pid } = await daemon.start()
  const plain = connect(socketPath(place))
  t.is((await greetingOf(plain)).pid, pid)
  plain.destroy()
  const socket = await daemon.connect()
  t.is(socket.daemon.pid, pid)
  t.is((await greetingOf(socket)).pid, pid)
  await close(socket)
  await daemon.stop()
})

test.serial('without a hello, too, the client of the start learns the PID of the daemon', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { socket: { hello: false } })
  const socket = await daemon.connect()
  t.is((await greetingOf(socket)).pid, socket.daemon.pid)
  await close(socket)
  await daemon.stop()
})

test.serial('a start without a socket is waited for, for readyTimeout', async (t) => {
  const place = folder(t)
  const plain = engine(place, { socket: false, ways: { boot: 60_000 } })
  const gone = new AbortController()
  const starting = plain.with({ signal: gone.signal }).start()
  await until(() => content(place.file('engine.log')) === 'boot\n', 'the boot')
  const error = await t.throwsAsync(engine(place, { readyTimeout: 300 }).connect(), {
    code: 'ERR_DAEMON_READY_TIMEOUT',
  })
  t.is(error.timeout, 300)
  t.regex(error.message, /is not ready after 300 ms\. It goes on\.$/)
  t.true(alive(error.pid))
  gone.abort(new Error('enough'))
  await t.throwsAsync(starting, { message: 'enough' })
})

test.serial('one that does not leave is waited for, for stopTimeout and readyTimeout', async (t) => {
  const place = folder(t)
  const gate = place.file('gate')
  const daemon = engine(place, { ways: { gate } })
  const { pid } = await daemon.start()
  const stopping = daemon.stop()
  await until(async () => (await daemon.status()).stopping, 'stopping')
  const impatient = engine(place, { readyTimeout: 200, stopTimeout: 100 })
  for (const verb of ['connect', 'ensure']) {
    const error = await t.throwsAsync(impatient[verb](), { code: 'ERR_DAEMON_READY_TIMEOUT' }, verb)
    t.like(error, { pid, timeout: 300 })
    t.regex(error.message, /is stopping, and has not ended after 300 ms/)
  }
  place.write('gate', '')
  t.false((await stopping).forced)
})

needs('Unix')('a script that never uses daimon accepts nobody, and leaves no socket', async (t) => {
  const place = folder(t)
  const gate = place.file('gate')
  const options = { script: fixture('launcher/unaware.mjs'), scriptArgs: [gate] }
  const daemon = engine(place, options)
  await daemon.start()
  t.true(existsSync(place.file('engine.sock')))
  await daemon.stop()
  t.false(existsSync(place.file('engine.sock')))
  await daemon.start()
  place.write('gate', '')
  await daemon.exited()
  t.false(existsSync(place.file('engine.sock')))
  t.false(existsSync(place.file('engine.pid')))
})

needs('Unix')(
  'a daemon without a descriptor left goes on, and serves who waits when it has one again',
  async (t) => {
    const place = folder(t)
    const daemon = engine(place, { limits: { nofile: 40 } })
    const { pid } = await daemon.start()
    const open = []
    const all = Array.from({ length: 30 }, async () => {
      const socket = await daemon.connect()
      open.push(socket)
      return socket.daemon.pid
    })
    const isFull = () => place.processes().length === 0 || readdirSync(`/proc/${pid}/fd`).length === 40
    await until(isFull, 'the last descriptor')
    let served = 0
    // Each that ends lets another one in.
    await until(() => {
      served += open.length
      for (const socket of open.splice(0)) socket.resume().end()
      return served === all.length
    }, 'the last one')
    t.deepEqual(new Set(await Promise.all(all)), new Set([pid]))
    await daemon.stop()
  },
)

test.serial('a client that has waited for one start does not wait as long for another', async (t) => {
  const place = folder(t)
  const gate = place.file('gate')
  // It ends when its time is half over, and its clients start the next, which goes on.
  const first = engine(place, { ways: { boot: 1_000, fail: 'no engine' } })
  const starting = t.throwsAsync(first.connect(), { code: 'ERR_DAEMON_START_FAILED' })
  await until(() => content(place.file('engine.log')) === 'boot\n', 'the boot')
  const daemon = engine(place, { ways: { boot: 60_000, gate }, readyTimeout: 2_000 })
  const error = await t.throwsAsync(daemon.connect(), { code: 'ERR_DAEMON_READY_TIMEOUT' })
  await starting
  t.regex(error.message, /process \d+, .* It goes on/)
  t.true(alive(error.pid), 'it has a time of its own')
  await until(() => place.processes().length === 0, 'its end')
})
