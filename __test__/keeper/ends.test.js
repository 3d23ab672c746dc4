// Ends that meet: of programs, upgrades, launchers and the daemon.
import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'ava'
import { alive, content, folder, kill, until } from '../helpers/index.js'
import { kept, serving } from '../helpers/keeper.js'

/** A server whose second line, and what follows it, a test changes between two generations. */
const server = (then = '') => `
  require('node:http').createServer((_, response) => response.write('begun ' + process.pid)).listen(process.env.PORT)
  ${then}`

/** A connection that holds a body up, until it is closed. */
async function held(t, port) {
  const open = connect(port, '127.0.0.1', () => open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
  t.teardown(() => open.destroy())
  open.on('error', () => {})
  await once(open, 'data')
  return open
}

test.serial('a daemon ends with its last program, though that is one that was replaced', async (t) => {
  const place = folder(t)
  const script = place.write('a.cjs', server())
  const { daemon, port } = await kept(place, { script })
  await daemon.start()
  const [old] = await serving(daemon)
  const open = await held(t, port)
  place.write('a.cjs', server("process.on('SIGUSR2', () => process.exit(0))"))
  await daemon.upgrade()
  const [next] = await serving(daemon)
  kill(next, 'SIGUSR2')
  await until(() => !alive(next))
  t.true(alive(old))
  const exited = daemon.exited()
  open.destroy()
  t.deepEqual(await exited, { code: 0 })
})

test.serial('what a failed next program has left holds no stop up', async (t) => {
  const place = folder(t)
  const script = place.write('a.cjs', server())
  const { daemon } = await kept(place, { script, stopTimeout: 60_000 })
  await daemon.start()
  place.write(
    'a.cjs',
    `const { spawn } = require('node:child_process')
     const child = spawn('sh', ['-c', 'trap "" TERM; echo $$; while :; do read x < /dev/zero; done'])
     child.stdout.once('data', (pid) => {
       require('node:fs').writeFileSync(${JSON.stringify(place.file('left'))}, pid)
       process.exit(3)
     })
     setInterval(() => {}, 1e6)`,
  )
  const upgrading = daemon.upgrade().then(
    () => undefined,
    ({ code }) => code,
  )
  const left = Number(await until(() => content(place.file('left'))))
  t.teardown(() => alive(left) && kill(left))
  t.true(alive(left))
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  await upgrading
  await until(() => !alive(left))
})

test.serial('what a next program leaves that is ready, and ends before it serves, is ended', async (t) => {
  const place = folder(t)
  const script = place.write('a.cjs', server())
  const { daemon } = await kept(place, { script, stopTimeout: 50 })
  await daemon.start()
  place.write(
    'a.cjs',
    `const { existsSync, writeFileSync } = require('node:fs')
     const child = require('node:child_process').spawn('sh', ['-c', 'trap "" TERM; echo $$; read x < /dev/zero'])
     child.stdout.once('data', (pid) => writeFileSync(${JSON.stringify(place.file('left'))}, pid))
     setInterval(() => existsSync(${JSON.stringify(place.file('go'))}) && process.exit(3), 5)`,
  )
  const upgrading = daemon.upgrade().then(
    () => undefined,
    ({ code }) => code,
  )
  const left = Number(await until(() => content(place.file('left'))))
  t.teardown(() => alive(left) && kill(left))
  await until(async () => (await daemon.status()).bodies?.every(({ ready }) => ready))
  t.true(alive(left))
  place.write('go', '')
  t.is(await upgrading, 'ERR_DAEMON_START_FAILED')
  await until(() => !alive(left))
  await daemon.stop()
})

test.serial('a next program that stops its daemon fails the upgrade alone', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { createServer } from 'node:http'
    createServer((_, response) => response.end('old')).listen(process.env.PORT)`,
  )
  const { daemon, get: ask } = await kept(place, { script })
  await daemon.start()
  place.write(
    'a.mjs',
    `import { Daemon } from "DAIMON"
     await Daemon.current.stop(7)
     await new Promise(() => setInterval(() => {}, 1e6))`,
  )
  const error = await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_START_FAILED' })
  t.is(error.exitCode, 7)
  t.is(await ask(), 'old')
  await daemon.stop()
})

test.serial('a program that stops its daemon when it is replaced ends itself alone', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { createServer } from 'node:http'
     import { Daemon } from "DAIMON"
     createServer((_, response) => response.end(String(process.pid))).listen(process.env.PORT)
     Daemon.current.on('drain', () => Daemon.current.stop(5))`,
  )
  const { daemon, get: ask } = await kept(place, { script })
  await daemon.start()
  const old = Number(await ask())
  await daemon.upgrade()
  await until(() => !alive(old))
  t.not(Number(await ask()), old)
  t.like(await daemon.status(), { state: 'running' })
  await daemon.stop()
})

test.serial('instances that listen nowhere take over together with one that does', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { createServer } from 'node:http'
     import { Daemon } from "DAIMON"
     if (Daemon.current.instance === 0)
       createServer((_, response) => response.end(String(process.pid))).listen(process.env.PORT)
     else setInterval(() => {}, 1e6)`,
  )
  const { daemon, get: ask } = await kept(place, { script, instances: 2 })
  await daemon.start()
  const old = await ask()
  t.is((await daemon.upgrade()).bodies.filter(({ draining }) => !draining).length, 2)
  t.not(await ask(), old)
  await daemon.stop()
})

/** A process that starts a script which is never ready, and waits for ever. */
const launching = (place, script, more = {}) =>
  place.spawn([
    place.write(
      'launcher.mjs',
      `import { Daemon } from "DAIMON"
       const options = ${JSON.stringify({ pidFile: place.file('a.pid'), script, respawn: true, ...more })}
       await new Daemon({ ...options, ready: 'manual', readyTimeout: Infinity }).start()`,
    ),
  ])

for (const [when, first] of [
  ['of a start', () => {}],
  ['of a start that was told to stop', (keeper) => kill(keeper, 'SIGTERM')],
]) {
  test.serial(`the death of the launcher ends what a body ${when} has left`, async (t) => {
    const place = folder(t)
    const script = place.write(
      'leaves.cjs',
      `const left = require('node:child_process').spawn(
         'sh', ['-c', 'trap "" TERM; echo > left; while :; do sleep 1000; done'],
         { stdio: 'ignore', cwd: ${JSON.stringify(place.path)} })
       process.on('SIGTERM', () => process.exit())
       setInterval(() => {}, 1e6)`,
    )
    const launcher = launching(place, script, { stopTimeout: 3_600_000 })
    const keeper = await until(() => Number(content(place.file('a.pid'))))
    await until(() => content(place.file('left')) !== undefined)
    const { length } = place.processes()
    first(keeper)
    // The body has ended, and what it has left has not.
    if (when !== 'of a start') await until(() => place.processes().length < length)
    kill(launcher.pid)
    await until(() => place.processes().length === 0)
    t.pass()
  })
}

test.serial('the death of a launcher ends a start that was told to stop, and hangs', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.cjs',
    `process.on('SIGTERM', () => require('node:fs').writeFileSync(${JSON.stringify(place.file('heard'))}, ''))
     require('node:fs').writeFileSync(${JSON.stringify(place.file('begun'))}, '')
     setInterval(() => {}, 1e6)`,
  )
  const launcher = launching(place, script)
  const keeper = await until(() => Number(content(place.file('a.pid'))))
  await until(() => content(place.file('begun')) !== undefined)
  kill(keeper, 'SIGTERM')
  await until(() => content(place.file('heard')) !== undefined)
  kill(launcher.pid)
  await until(() => place.processes().length === 0)
  t.pass()
})
