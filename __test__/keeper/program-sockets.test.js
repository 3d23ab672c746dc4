// Sockets of `listen` for a program of any kind, as systemd gives them, and upgrades with them.
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, fixture, folder, freePort, kill, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { bodyOf, facts, SERVES, served } from '../helpers/program.js'

const python = needs('python3')
const web = (port) => ({ host: '127.0.0.1', port })

python('it gets its sockets from 3 on, with the names, and its own PID', async (t) => {
  const place = folder(t)
  const [port, other] = [await freePort(), await freePort()]
  const env = { LISTEN_FDS: '9', LISTEN_PID: '1', LISTEN_FDNAMES: 'x' }
  const { daemon } = served(place, { listen: { web: web(port), admin: web(other) }, ready: 'notify', env })
  await daemon.start()
  const { pid, env: given } = await facts(port)
  t.is(pid, await bodyOf(daemon))
  t.like(given, { LISTEN_FDS: '2', LISTEN_PID: String(pid), LISTEN_FDNAMES: 'web:admin' })
  await daemon.stop()
  await t.throwsAsync(facts(port), { code: 'ECONNREFUSED' })
})

python('a declared path is bound before it, and removed with the daemon', async (t) => {
  const place = folder(t)
  const path = place.file('s.sock')
  const { daemon } = served(place, { listen: { web: { path } } })
  await daemon.start()
  t.is((await facts(path)).pid, await bodyOf(daemon))
  await daemon.stop()
  await t.throwsAsync(facts(path), { code: 'ENOENT' })
})

python('clients wait in the queue until the next one serves', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon } = served(place, { listen: { web: web(port) }, respawn: true }, { wait: 0.1 })
  await daemon.start()
  const { pid } = await facts(port)
  kill(pid)
  // It may have accepted one more connection.
  await until(() => !alive(pid))
  t.not((await facts(port)).pid, pid)
  await daemon.stop()
})

python('instances share the sockets', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon } = served(place, { listen: { web: web(port) }, instances: 2, ready: 'notify' })
  await daemon.start()
  const { bodies } = await daemon.status()
  t.deepEqual(
    bodies.map(({ instance, ready }) => [instance, ready]),
    [
      [0, true],
      [1, true],
    ],
  )
  const pids = bodies.map(({ pid }) => pid)
  t.true(pids.includes((await facts(port)).pid))
  await daemon.stop()
  t.deepEqual(place.processes(), [])
})

python('an upgrade starts the next one beside, and the old one finishes its work', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon, noted } = served(
    place,
    { listen: { web: web(port) }, ready: 'notify', drainTimeout: 20_000 },
    { linger: 0.5 },
  )
  await daemon.start()
  const before = await facts(port)
  const { pid, bodies } = await daemon.upgrade()
  t.is(pid, before.parent)
  const [old, next] = bodies
  t.like(old, { pid: before.pid, generation: 1, draining: true })
  t.like(next, { generation: 2, ready: true, draining: false })
  t.is((await facts(port)).pid, next.pid)
  await until(() => !alive(before.pid))
  t.deepEqual(noted(), [`start ${before.pid}`, `start ${next.pid}`, 'SIGTERM'])
  t.is((await facts(port)).pid, next.pid)
  await daemon.stop()
})

python('an old one that does not finish within drainTimeout is killed', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon } = served(
    place,
    { listen: { web: web(port) }, ready: 'notify', drainTimeout: 100 },
    { linger: 1_000 },
  )
  await daemon.start()
  const { pid } = await facts(port)
  await daemon.upgrade()
  await until(() => !alive(pid))
  t.not((await facts(port)).pid, pid)
  await daemon.stop({ stopTimeout: 100 })
})

python('a next one that has gone to another process group ends with its upgrade', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const program = place.file('serve')
  const serves = (text) => {
    place.write('serve', `#!/bin/sh\nexec python3 ${text}\n`)
    chmodSync(program, 0o755)
  }
  serves(SERVES)
  const { daemon } = served(place, {
    program,
    programArgs: [],
    cwd: place.path,
    listen: { web: web(port) },
    ready: 'notify',
  })
  await daemon.start()
  const { length } = place.processes()
  const moves =
    'import os, time; os.setpgid(0, os.getpgid(os.getppid())); open("moved", "w"); time.sleep(1e6)'
  serves(`-c '${moves}'`)
  const abort = new AbortController()
  const upgrading = daemon.with({ signal: abort.signal }).upgrade()
  await until(() => content(place.file('moved')) !== undefined)
  abort.abort(new Error('enough'))
  await t.throwsAsync(upgrading, { message: 'enough' })
  await until(() => place.processes().length === length)
  t.is((await daemon.status()).bodies.length, 1)
  await daemon.stop()
})

python('one that is not ready in time, or ends before, does not take over', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const program = place.file('serve')
  const release = (text) => {
    rmSync(program, { force: true })
    writeFileSync(program, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  }
  release(`exec python3 ${SERVES}`)
  const { daemon } = served(place, {
    program,
    programArgs: [],
    listen: { web: web(port) },
    ready: 'notify',
  })
  await daemon.start()
  const { pid } = await facts(port)
  release('exec sleep 1000')
  await t.throwsAsync(daemon.with({ readyTimeout: 200 }).upgrade(), { code: 'ERR_DAEMON_READY_TIMEOUT' })
  t.is((await facts(port)).pid, pid)
  release('exit 3')
  t.like(await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_START_FAILED' }), { exitCode: 3 })
  t.is((await facts(port)).pid, pid)
  rmSync(program)
  const error = await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_START_FAILED' })
  t.like(error, { step: 'exec' })
  t.like(error.cause, { code: 'ENOENT', syscall: 'execve' })
  t.is((await facts(port)).pid, pid)
  await daemon.stop()
  t.deepEqual(place.processes(), [])
})

test.serial('without listen there is no upgrade, and no arguments for one', async (t) => {
  const place = folder(t)
  const options = { pidFile: place.file('a.pid'), program: 'sleep', programArgs: ['1000'] }
  const daemon = new Daemon(options)
  // One that knows nothing of the program.
  const other = new Daemon({ pidFile: options.pidFile })
  await daemon.start()
  for (const one of [daemon, other]) {
    const error = await t.throwsAsync(one.upgrade(), { code: 'ERR_DAEMON_UNSUPPORTED' })
    t.regex(error.message, /only with the sockets of listen/)
  }
  await daemon.stop()
  const listening = daemon.with({ listen: { web: web(await freePort()) } })
  await listening.start()
  const error = await t.throwsAsync(other.upgrade('x'), { code: 'ERR_DAEMON_INVALID_OPTION' })
  t.is(error.option, 'args')
  await listening.stop()
})

python('a program that reads without waiting leaves the next one a socket that waits', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    program: 'python3',
    programArgs: [fixture('keeper/blocks.py')],
    listen: { web: web(port) },
    respawn: true,
  })
  await daemon.start()
  for (let turn = 0; turn < 2; turn++) {
    const said = await new Promise((resolve, reject) => {
      connect(port, '127.0.0.1').on('data', resolve).on('error', reject)
    })
    t.is(String(said), 'true')
  }
  await daemon.stop()
})
