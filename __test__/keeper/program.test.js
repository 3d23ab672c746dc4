// A program of any kind as the body: when it is ready, how it ends, and what is refused.
import { chmodSync, existsSync, mkdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, fixture, folder, freePort, kill, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { bodyOf, facts, factsWhenUp, SERVES, served } from '../helpers/program.js'

const python = needs('python3')
const FAILED = { code: 'ERR_DAEMON_START_FAILED' }

python(
  'it is ready once it has been executed, and runs as a child of the keeper in a group of its own',
  async (t) => {
    const place = folder(t)
    const port = await freePort()
    const { daemon, log } = served(place, { cwd: place.path }, { port })
    const { pid } = await daemon.start()
    const { bodies, program, respawns } = await daemon.status()
    t.is(program, 'python3')
    t.is(respawns, 0)
    t.like(bodies, [{ instance: 0, generation: 1, ready: true, draining: false }])
    const [body] = bodies
    const found = await factsWhenUp(port)
    t.like(found, { pid: body.pid, parent: pid, group: body.pid, cwd: place.path, adoption: [] })
    t.deepEqual(found.env.LISTEN_FDS, undefined)
    t.deepEqual(found.core, [0, 0])
    t.is(found.umask[0], '0022')
    t.is(found.args.at(-1), `port=${port}`)
    t.regex(log(), /^a line for the output\na line for the errors\n/)
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
    t.false(alive(body.pid))
    t.deepEqual(place.processes(), [])
  },
)

python('with notify it is ready when it says so, and its status is progress', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const told = []
  const logger = { debug() {}, info: (text) => told.push(text), warn() {}, error() {} }
  const { daemon } = served(place, { ready: 'notify', logger }, { port, wait: 0.2 })
  const { pid } = await daemon.start()
  // It has said READY=1 when it listened, and its MAINPID=1 means nothing.
  const found = await facts(port)
  t.is(found.parent, pid)
  t.regex(found.env.NOTIFY_SOCKET, /^@/)
  t.true(told.includes('warming up'), told.join())
  await daemon.stop()
})

python('with a port it is ready when a connection is accepted there', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon } = served(place, { ready: { port } }, { port, wait: 0.2 })
  await daemon.start()
  t.is((await facts(port)).pid, await bodyOf(daemon))
  await daemon.stop()
})

python('with a path it is ready when a connection is accepted there', async (t) => {
  const place = folder(t)
  const path = place.file('s.sock')
  const { daemon } = served(place, { ready: { path } }, { path, wait: 0.2 })
  await daemon.start()
  t.is((await facts(path)).pid, await bodyOf(daemon))
  await daemon.stop()
})

for (const [name, ready, what] of [
  ['notify', 'notify', /'notify' it must say READY=1 to NOTIFY_SOCKET/],
  ['a port', undefined, /Nobody accepted connections at port \d+, where 'ready' says/],
]) {
  python(`one that is not ready in time fails the start, and nothing is left: ${name}`, async (t) => {
    const place = folder(t)
    const how = ready ?? { port: await freePort() }
    const { daemon } = served(place, { ready: how, readyTimeout: 300 }, { wait: 1_000 })
    const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_READY_TIMEOUT' })
    t.regex(error.message, what)
    t.deepEqual(place.processes(), [])
    t.false(existsSync(place.file('a.pid')))
  })
}

python(
  'one that ends before it is ready fails the start, with its code and the end of the log',
  async (t) => {
    const place = folder(t)
    const { daemon } = served(place, { ready: 'notify' }, { port: 'none' })
    const error = await t.throwsAsync(daemon.start(), FAILED)
    t.is(error.exitCode, 1)
    t.regex(error.log, /ValueError/)
    t.deepEqual(place.processes(), [])
  },
)

test.serial('an address at which somebody accepts already fails the start', async (t) => {
  const place = folder(t)
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    program: 'sleep',
    programArgs: ['1000'],
    ready: { port, host: '127.0.0.1' },
  })
  const error = await t.throwsAsync(daemon.start(), FAILED)
  t.regex(error.message, new RegExp(`127\\.0\\.0\\.1:${port}: somebody accepts connections there before`))
  t.deepEqual(place.processes(), [])
  server.close()
})

python('what a dead program has left at the address is not taken for the next one', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon, log } = served(place, {
    program: '/bin/sh',
    programArgs: ['-c', `python3 ${SERVES} port=${port} & wait`],
    ready: { port },
    respawn: { limit: 1, delay: 20 },
  })
  await daemon.start()
  const { pid } = await facts(port)
  const exited = daemon.exited()
  kill(await bodyOf(daemon))
  t.deepEqual(await exited, { code: 1 })
  t.regex(log(), new RegExp(`cannot be started: port ${port}: somebody accepts connections there before`))
  kill(pid)
  await until(() => !alive(pid))
})

python('one that ends by failure is started again, from what is at its path by then', async (t) => {
  const place = folder(t)
  const port = await freePort()
  mkdirSync(place.file('one'))
  mkdirSync(place.file('two'))
  for (const release of ['one', 'two']) {
    place.write(
      `${release}/serve`,
      `#!/bin/sh\nexec python3 ${fixture('keeper/serves.py')} port=${port} ${release}=1\n`,
    )
    chmodSync(place.file(`${release}/serve`), 0o755)
  }
  symlinkSync('one', place.file('current'))
  const { daemon, log } = served(place, {
    program: './current/serve',
    programArgs: [],
    cwd: place.path,
    ready: { port },
    respawn: { delay: 20 },
  })
  await daemon.start()
  const first = await facts(port)
  t.is(first.args.at(-1), 'one=1')
  unlinkSync(place.file('current'))
  symlinkSync('two', place.file('current'))
  kill(first.pid)
  let second
  await until(async () => {
    second = await facts(port).catch(() => undefined)
    return second !== undefined
  }, 'the next one answers')
  t.is(second.args.at(-1), 'two=1')
  t.like(await daemon.status(), { respawns: 1, lastExit: { signal: 'SIGKILL' } })
  t.regex(log(), /was ended by SIGKILL; it is started again now \(respawn 1 of 10\)/)
  await daemon.stop()
})

test.serial('one that fails at once is the failure of its start', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), program: 'false', respawn: true })
  t.like(await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' }), { exitCode: 1 })
  t.deepEqual(place.processes(), [])
})

test.serial("without respawn its end is the daemon's", async (t) => {
  const place = folder(t)
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    program: '/bin/sh',
    programArgs: ['-c', `until [ -e ${place.file('go')} ]; do sleep 0.02; done; exit 3`],
  })
  await daemon.start()
  const exited = daemon.exited()
  place.write('go', '')
  t.deepEqual(await exited, { code: 3 })
  t.deepEqual(place.processes(), [])
})

python('signals reach it at once, and it is stopped as any daemon', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon, noted } = served(
    place,
    { ready: 'notify', stopSignal: 'SIGUSR2', stopTimeout: 200 },
    { port, linger: 1_000 },
  )
  await daemon.start()
  await daemon.reload()
  await until(() => noted().includes('SIGHUP'))
  t.like(await daemon.stop(), { forced: true })
  t.deepEqual(noted().slice(1), ['SIGHUP', 'SIGUSR2'])
  t.deepEqual(place.processes(), [])
})

python('with stopGroup the signals of a stop go to what it has started, too', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon } = served(place, { ready: 'notify', stopGroup: true }, { port, child: 1 })
  await daemon.start()
  t.is(place.processes().length, 3)
  await daemon.stop()
  await until(() => place.processes().length === 0)
  t.pass()
})

python('it ends with a keeper that is killed', async (t) => {
  const place = folder(t)
  const { daemon } = served(place, { ready: 'notify' }, { port: await freePort() })
  const { pid } = await daemon.start()
  const body = await bodyOf(daemon)
  kill(pid)
  await until(() => !alive(body))
  t.like(await daemon.status(), { state: 'stopped' })
  await daemon.start()
  await daemon.stop()
})

python('the lock is held as long as the program lives, which has cut its tie to the keeper', async (t) => {
  const place = folder(t)
  const { daemon } = served(place, { ready: 'notify' }, { port: await freePort(), tie: 'cut' })
  const { pid } = await daemon.start()
  const body = await bodyOf(daemon)
  kill(pid)
  await until(() => !alive(pid))
  t.true(alive(body))
  t.like(await daemon.status(), { state: 'unverified' })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_PIDFILE' })
  t.is(error.reason, 'lock-leaked')
  t.regex(error.message, new RegExp(`have it open: ${body} `))
  kill(body)
  await until(() => !alive(body))
  await daemon.start()
  await daemon.stop()
})
