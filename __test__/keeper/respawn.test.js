import { chmodSync, readFileSync, renameSync, unlinkSync } from 'node:fs'
import test from 'ava'
import { alive, fixture, folder, kill, until } from '../helpers/index.js'
import { environment, kept, serving } from '../helpers/keeper.js'

const ENDED = { state: 'stopped', stale: false }

test.serial('a program that fails is started again at once, and the log tells it in one line', async (t) => {
  const { daemon, get, log } = await kept(folder(t))
  const { pid } = await daemon.start()
  const first = await get()
  await t.throwsAsync(get('/exit?code=3'))
  // The keeper has the socket, so that this waits for the next body.
  const second = await get()
  t.not(second, first)
  const what = `daimon: the program (PID ${first}) has ended with the code 3`
  const line = `${what}; it is started again now (respawn 1 of 5)\n`
  t.true(log().includes(line), log())
  await until(async () => (await daemon.status()).bodies?.[0].ready)
  const status = await daemon.status()
  t.like(status, { pid, respawns: 1, lastExit: { code: 3 } })
  t.deepEqual(
    status.bodies.map(({ pid, instance, generation, ready }) => [String(pid), instance, generation, ready]),
    [[second, 0, 1, true]],
  )
  t.like(await daemon.stop(), { ...ENDED, wasRunning: true, forced: false })
})

test.serial('one that is ended by a signal without a name is started again', async (t) => {
  const { daemon, get, log } = await kept(folder(t))
  await daemon.start()
  const body = await get()
  // A number of its own: Node.js knows no name for it.
  await until(() => kill(Number(body), 37) === undefined)
  t.not(await get(), body)
  t.regex(log(), /was ended by the signal 37; it is started again now/)
  await daemon.stop()
})

test.serial('no connection is refused while a program is killed again and again', async (t) => {
  const { daemon, get } = await kept(folder(t), { respawn: { delay: 1, maxDelay: 1, limit: 100 } })
  await daemon.start()
  const pids = new Set()
  for (let round = 0; round < 5; round++) {
    const pid = await get()
    pids.add(pid)
    kill(Number(pid))
    await until(() => !alive(Number(pid)))
  }
  pids.add(await get())
  t.is(pids.size, 6)
  t.like(await daemon.status(), { respawns: 5, lastExit: { signal: 'SIGKILL' } })
})

test.serial('one that fails at once is given up after the limit, and the daemon ends with 1', async (t) => {
  const place = folder(t)
  const { daemon, get, log } = await kept(
    place,
    { respawn: { delay: 5, limit: 3 } },
    { FAIL: place.file('fail') },
  )
  await daemon.start()
  const exited = daemon.exited()
  place.write('fail', '')
  await t.throwsAsync(get('/exit?code=7'))
  t.deepEqual(await exited, { code: 1 })
  const lines = log()
    .split('\n')
    .filter((line) => line.startsWith('daimon: '))
  t.is(lines.length, 4)
  t.regex(lines[1], /has ended with the code 1; it is started again in 5 ms \(respawn 2 of 3\)$/)
  t.regex(lines[2], /it is started again in 10 ms \(respawn 3 of 3\)$/)
  t.regex(lines[3], /after 3 respawns in a row the daemon gives up$/)
  t.deepEqual(place.processes(), [])
  t.like(await daemon.status(), ENDED)
})

test.serial('by itself it is a failure that is respawned, at once, after 100 ms, and so on', async (t) => {
  const place = folder(t)
  const { daemon, get, log } = await kept(place, { respawn: true }, { FAIL: place.file('fail') })
  await daemon.start()
  place.write('fail', '')
  await t.throwsAsync(get('/exit?code=7'))
  await until(() => log().includes('respawn 3 of 10'))
  const pauses = Array.from(
    log().matchAll(/again (?:in )?(.+) \(respawn (\d+) of 10\)$/gm),
    ([, ...all]) => all,
  )
  t.deepEqual(pauses.slice(0, 3), [
    ['now', '1'],
    ['100 ms', '2'],
    ['200 ms', '3'],
  ])
  await daemon.stop()
})

test.serial('a program that ends well ends its daemon, unless it is always started again', async (t) => {
  const place = folder(t)
  const once = await kept(place)
  await once.daemon.start()
  const exited = once.daemon.exited()
  await t.throwsAsync(once.get('/exit?code=0'))
  t.deepEqual(await exited, { code: 0 })
  t.like(await once.daemon.status(), ENDED)

  const always = await kept(place, { respawn: 'always' })
  await always.daemon.start()
  const before = await always.get()
  await t.throwsAsync(always.get('/exit?code=0'))
  t.not(await always.get(), before)
  await always.daemon.stop()
})

test.serial("with 'never' the daemon ends as its program does", async (t) => {
  const place = folder(t)
  for (const [end, expected] of [
    [({ get }) => get('/exit?code=9'), { code: 9 }],
    [async ({ get }) => kill(Number(await get()), 'SIGABRT'), { signal: 'SIGABRT' }],
  ]) {
    const one = await kept(place, { respawn: 'never' })
    await one.daemon.start()
    const exited = one.daemon.exited()
    await end(one).catch(() => {})
    t.deepEqual(await exited, expected)
    t.deepEqual(place.processes(), [])
  }
})

test.serial("a start fails with the program's own error, and nothing is left", async (t) => {
  const place = folder(t)
  place.write('fail', '')
  const { daemon } = await kept(place, {}, { FAIL: place.file('fail') })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  t.like(error, { exitCode: 1, cause: { name: 'TypeError', message: 'boom' } })
  t.regex(error.message, /exited with code 1 before it was ready: TypeError: boom/)
  t.deepEqual(place.processes(), [])
  t.like(await daemon.status(), ENDED)
})

test.serial('a start that is not ready in time, or is aborted, leaves nothing', async (t) => {
  const place = folder(t)
  const script = place.write('hangs.mjs', 'await new Promise(() => setInterval(() => {}, 1e6))')
  const { daemon } = await kept(place, { script, readyTimeout: 300 })
  await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_READY_TIMEOUT' })
  t.deepEqual(place.processes(), [])
  const abort = new AbortController()
  const starting = daemon.with({ signal: abort.signal, readyTimeout: 60_000 }).start()
  await until(() => place.processes().length === 2)
  abort.abort(new Error('enough'))
  await t.throwsAsync(starting, { message: 'enough' })
  t.deepEqual(place.processes(), [])
})

test.serial('what a failed program has started ends with the start', async (t) => {
  const place = folder(t)
  const script = place.write(
    'parent.cjs',
    `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
     throw new Error('after it')`,
  )
  const { daemon } = await kept(place, { script, stopTimeout: 200 })
  await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  await until(() => place.processes().length === 0)
  t.pass()
})

test.serial('a program is started again though somebody has removed the pidfile', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(place)
  const { pid } = await daemon.start()
  unlinkSync(place.file('a.pid'))
  const body = await get()
  kill(Number(body))
  await until(() => !alive(Number(body)))
  t.not(await get(), body)
  kill(pid, 'SIGTERM')
  await until(() => place.processes().length === 0)
})

test.serial('when the keeper is killed its bodies end, and the lock is free', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(place, { instances: 2 })
  const { pid } = await daemon.start()
  await get()
  const bodies = await serving(daemon)
  t.is(bodies.length, 2)
  kill(pid)
  await until(() => !bodies.some(alive))
  t.like(await daemon.status(), { state: 'stopped', stale: true })
  t.like(await daemon.start(), { state: 'running' })
  await daemon.stop()
})

test.serial('a launcher that dies before ready takes keeper and body along', async (t) => {
  const place = folder(t)
  const script = place.write('hangs.mjs', 'await new Promise(() => setInterval(() => {}, 1e6))')
  const launcher = place.spawn([
    place.write(
      'launcher.mjs',
      `import { Daemon } from "DAIMON"
       const [pidFile, script] = ${JSON.stringify([place.file('a.pid'), script])}
       await new Daemon({ pidFile, script, respawn: true }).start()`,
    ),
  ])
  await until(() => place.processes().length === 3)
  kill(launcher.pid)
  await until(() => place.processes().length === 0)
  t.pass()
})

test.serial('a stop in a pause ends the daemon at once, with 0', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(
    place,
    { respawn: { delay: 60_000, maxDelay: 60_000 } },
    { FAIL: place.file('fail') },
  )
  await daemon.start()
  place.write('fail', '')
  await t.throwsAsync(get('/exit?code=1'))
  await until(async () => (await daemon.status()).respawns === 1 && (await daemon.status()).restarting)
  const exited = daemon.exited()
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.deepEqual(await exited, { code: 0 })
})

test.serial('a program stops its daemon with a code, and is not started again', async (t) => {
  const place = folder(t)
  const script = place.write(
    'stops.mjs',
    `import { Daemon } from "DAIMON"
     process.on('SIGUSR1', () => Daemon.current.stop(4))
     setInterval(() => {}, 1e6)`,
  )
  const { daemon } = await kept(place, { script, respawn: 'always', instances: 2 })
  await daemon.start()
  const exited = daemon.exited()
  const [first] = await serving(daemon)
  kill(first, 'SIGUSR1')
  t.deepEqual(await exited, { code: 4 })
  t.deepEqual(place.processes(), [])
})

test.serial('signals are for the program, and wait until it hears them', async (t) => {
  const place = folder(t)
  const { daemon, get, log } = await kept(place)
  const { pid } = await daemon.start()
  await get()
  kill(pid, 'SIGUSR2')
  await until(() => log().includes('heard SIGUSR2'))
  await daemon.signal('SIGUSR2')
  await until(() => log().split('heard SIGUSR2').length === 3)
  // SIGHUP would end a program without handlers: it is sent as soon as the next one is executed.
  const before = await get()
  kill(Number(before))
  await until(async () => (await serving(daemon)).some((pid) => String(pid) !== before))
  kill(pid, 'SIGHUP')
  t.not(await get(), before)
  t.is((await daemon.status()).respawns, 1)
  await daemon.stop()
})

test.serial('what the kernel and terminals send to the keeper is not for the program', async (t) => {
  const place = folder(t)
  const names = ['SIGPIPE', 'SIGCHLD', 'SIGCONT', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGXCPU', 'SIGXFSZ']
  const script = place.write(
    'hears.cjs',
    `for (const name of ${JSON.stringify([...names, 'SIGWINCH'])}) process.on(name, () => console.log(name))
     setInterval(() => {}, 1e6)`,
  )
  const { daemon, log } = await kept(place, { script })
  const { pid } = await daemon.start()
  for (const name of names) kill(pid, name)
  // The last one of them by its number, by which those that wait are delivered.
  kill(pid, 'SIGWINCH')
  await until(() => log().includes('SIGWINCH'))
  t.is(log(), 'SIGWINCH\n')
  await daemon.stop()
})

test.serial('a signal reaches a program that hears it before it is ready', async (t) => {
  const place = folder(t)
  const script = place.write(
    'hears.mjs',
    `import { Daemon } from "DAIMON"
     process.on('SIGUSR2', () => Daemon.current.ready())
     console.log('hears')
     setInterval(() => {}, 1e6)`,
  )
  const { daemon, log } = await kept(place, { script, ready: 'manual' })
  const starting = daemon.start()
  await until(() => log() !== '')
  await daemon.signal('SIGUSR2')
  t.like(await starting, { state: 'running' })
  await daemon.stop()
})

test.serial('a log that was renamed is not written to by the next program, nor by the keeper', async (t) => {
  const place = folder(t)
  const script = place.write('says.cjs', `console.log('begun'); setInterval(() => {}, 1e6)`)
  const { daemon, log } = await kept(place, { script })
  await daemon.start()
  await until(() => log().includes('begun'))
  renameSync(place.file('a.log'), place.file('old.log'))
  const [body] = await serving(daemon)
  kill(body)
  await until(() => log().includes('begun'))
  t.regex(log(), /was ended by SIGKILL; it is started again now/)
  t.is(readFileSync(place.file('old.log'), 'utf8'), 'begun\n')
  await daemon.stop()
})

test.serial('the keeper has nothing of the environment or the arguments in its own', async (t) => {
  const place = folder(t)
  const script = fixture('body.js')
  const { daemon } = await kept(place, { script, run() {} }, { SECRET: 'hunter2' })
  const { pid } = await daemon.start('serve', 'hunter3')
  const [body] = await serving(daemon)
  t.true(environment(body).includes('SECRET=hunter2'))
  // Root alone may see it.
  if (process.geteuid() === 0) t.false(environment(pid).join().includes('hunter'))
  t.false(readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('hunter'))
  await daemon.stop()
})

test.serial('a daemon with a keeper restarts itself from inside', async (t) => {
  const place = folder(t)
  const script = place.write(
    'restarts.mjs',
    `import { Daemon } from "DAIMON"
     process.on('SIGUSR2', () => Daemon.current.restart())
     setInterval(() => {}, 1e6)`,
  )
  const { daemon } = await kept(place, { script })
  const { pid } = await daemon.start()
  await daemon.signal('SIGUSR2')
  const next = await until(async () => {
    const status = await daemon.status()
    return status.state === 'running' && status.pid !== pid && status.bodies?.[0]?.ready && status
  })
  t.is(next.bodies.length, 1)
  await daemon.stop()
})

test.serial('a program that has given up rights dies with its keeper', async (t) => {
  if (process.geteuid() !== 0) return t.pass()
  const place = folder(t)
  chmodSync(place.path, 0o755)
  const script = place.write('idle.cjs', 'setInterval(() => {}, 1e6)')
  const { daemon } = await kept(place, { script, user: 'nobody', cwd: '/' })
  const { pid } = await daemon.start()
  const [body] = await serving(daemon)
  kill(pid)
  await until(() => !alive(body))
  t.like(await daemon.status(), { state: 'stopped' })
})
