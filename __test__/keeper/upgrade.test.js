import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, fixture, folder, kill, until } from '../helpers/index.js'
import { get, keepAlive, kept, serving } from '../helpers/keeper.js'

test.serial('the next program takes over, and the present one ends', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(place)
  const { pid } = await daemon.start()
  const before = await get()
  const running = await daemon.upgrade()
  t.is(running.pid, pid)
  const after = await get()
  t.not(after, before)
  await until(() => !alive(Number(before)))
  t.deepEqual(
    (await daemon.status()).bodies.map((body) => [
      String(body.pid),
      body.generation,
      body.ready,
      body.draining,
    ]),
    [[after, 2, true, false]],
  )
  t.is((await daemon.status()).respawns, 0)
  await daemon.stop()
})

test.serial('an upgrade resolves when the present program accepts no more', async (t) => {
  const place = folder(t)
  const script = place.write(
    'busy.cjs',
    `const { existsSync } = require('node:fs')
     process.on('SIGUSR2', () => { while (!existsSync(${JSON.stringify(place.file('gate'))})); })
     require(${JSON.stringify(fixture('keeper/server.cjs'))})`,
  )
  const { daemon, get } = await kept(place, { script })
  await daemon.start()
  const before = Number(await get())
  kill(before, 'SIGUSR2')
  let isOver = false
  const upgrading = daemon.upgrade().then(() => {
    isOver = true
  })
  await until(async () => (await daemon.status()).bodies.some(({ draining }) => draining))
  t.not(Number(await get()), before)
  t.false(isOver)
  place.write('gate', '')
  await upgrading
  await daemon.stop()
})

test.serial('a program that hangs does not keep the upgrade from resolving', async (t) => {
  const place = folder(t)
  const script = place.write(
    'hangs.cjs',
    `process.on('SIGUSR2', () => { while (true); })
     require(${JSON.stringify(fixture('keeper/server.cjs'))})`,
  )
  const { daemon, get } = await kept(place, { script, drainTimeout: 100, stopTimeout: 100 })
  await daemon.start()
  const before = Number(await get())
  kill(before, 'SIGUSR2')
  await daemon.upgrade()
  t.not(Number(await get()), before)
  await until(() => !alive(before))
  await daemon.stop()
})

test.serial('no request fails while programs are replaced', async (t) => {
  const { daemon, get } = await kept(folder(t))
  await daemon.start()
  let isOver = false
  const pids = new Set()
  const failures = []
  let count = 0
  const client = async (path, agent) => {
    while (!isOver) {
      try {
        pids.add(await get(path, agent))
        count++
      } catch (error) {
        failures.push(error)
      }
    }
  }
  const clients = [
    client('/'),
    client('/'),
    client('/later?ms=30'),
    client('/', keepAlive()),
    client('/later?ms=5', keepAlive()),
  ]
  for (let round = 0; round < 4; round++) await daemon.upgrade()
  isOver = true
  await Promise.all(clients)
  t.deepEqual(failures, [])
  t.true(pids.size >= 4 && count > 20, `${pids.size} programs, ${count} requests`)
  await daemon.stop()
})

test.serial('an idle connection goes on at the next program', async (t) => {
  const { daemon, get } = await kept(folder(t))
  await daemon.start()
  const agent = keepAlive()
  const before = await get('/', agent)
  const sockets = () => Object.values(agent.freeSockets).flat()
  await until(() => sockets().length === 1)
  const [socket] = sockets()
  await daemon.upgrade()
  await until(() => !alive(Number(before)))
  t.not(await get('/', agent), before)
  await until(() => sockets().length === 1)
  t.is(sockets()[0], socket)
  agent.destroy()
  await daemon.stop()
})

test.serial('an answer under way is finished by the program that has begun it', async (t) => {
  const { daemon, get } = await kept(folder(t))
  await daemon.start()
  const before = await get()
  const answer = get('/later?ms=700')
  await until(async () => (await get()) === before)
  await daemon.upgrade()
  t.not(await get(), before)
  t.is(await answer, before)
  await until(() => !alive(Number(before)))
  await daemon.stop()
})

test.serial('a socket at a path stays, and goes with its program', async (t) => {
  const place = folder(t)
  const socketPath = place.file('web.sock')
  const { daemon } = await kept(place, {}, { SOCKET: socketPath })
  await daemon.start()
  const before = await get({ socketPath })
  await daemon.upgrade()
  t.not(await get({ socketPath }), before)
  await until(() => !alive(Number(before)))
  t.true(existsSync(socketPath))
  await get({ socketPath, path: '/close' })
  await until(() => !existsSync(socketPath))
  await daemon.stop()
})

for (const [what, text, error] of [
  [
    'throws',
    `throw new RangeError('bad release')`,
    { code: 'ERR_DAEMON_START_FAILED', cause: { message: 'bad release' } },
  ],
  ['exits', 'process.exit(6)', { code: 'ERR_DAEMON_START_FAILED', exitCode: 6 }],
  [
    'is killed',
    `process.kill(process.pid, 'SIGKILL')`,
    { code: 'ERR_DAEMON_START_FAILED', exitSignal: 'SIGKILL' },
  ],
  ['never begins', 'while (true);', { code: 'ERR_DAEMON_READY_TIMEOUT' }],
  [
    'listens elsewhere',
    `require('node:http').createServer().listen(0)`,
    { code: 'ERR_DAEMON_READY_TIMEOUT' },
  ],
]) {
  test.serial(`a next program that ${what} does not take over, and the present one serves on`, async (t) => {
    const place = folder(t)
    const bad = place.file('bad')
    const script = place.write(
      'program.cjs',
      `const [bad, good] = ${JSON.stringify([bad, fixture('keeper/server.cjs')])}
       if (require('node:fs').existsSync(bad)) { ${text} } else require(good)`,
    )
    const { daemon, get } = await kept(place, { script })
    await daemon.start()
    const before = await get()
    place.write('bad', '')
    const readyTimeout = error.code === 'ERR_DAEMON_READY_TIMEOUT' ? 1_000 : 60_000
    const found = await t.throwsAsync(daemon.with({ readyTimeout }).upgrade())
    t.like(found, error)
    if (what === 'listens elsewhere') t.regex(found.message, /it does not listen at tcp 127\.0\.0\.1:\d+/)
    t.is(await get(), before)
    await until(async () => (await daemon.status()).bodies.length === 1)
    t.is(place.processes().length, 2)
    await daemon.stop()
  })
}

/** A Daemon whose next generation waits for a file before it is ready. */
async function waiting(place, options = {}) {
  const gate = place.file('gate')
  const script = place.write(
    'waits.mjs',
    `import { existsSync } from 'node:fs'
     import { createRequire } from 'node:module'
     while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 5))
     createRequire(import.meta.url)(${JSON.stringify(fixture('keeper/server.cjs'))})`,
  )
  const made = await kept(place, { script, ...options })
  place.write('gate', '')
  await made.daemon.start()
  const { unlinkSync } = await import('node:fs')
  unlinkSync(gate)
  return made
}

test.serial('of two upgrades at once the second is refused', async (t) => {
  const place = folder(t)
  const { daemon, get } = await waiting(place)
  const before = await get()
  const upgrading = daemon.upgrade()
  await until(() => place.processes().length === 3)
  await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_UPGRADE_IN_PROGRESS' })
  place.write('gate', '')
  await upgrading
  t.not(await get(), before)
  await daemon.stop()
})

test.serial('a stop ends an upgrade that is under way', async (t) => {
  const place = folder(t)
  const { daemon } = await waiting(place)
  const upgrading = t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_NOT_RUNNING' })
  await until(() => place.processes().length === 3)
  await daemon.stop()
  await upgrading
  t.deepEqual(place.processes(), [])
})

test.serial('an upgrade that is aborted, or whose caller dies, ends the next program', async (t) => {
  const place = folder(t)
  const { daemon, get } = await waiting(place)
  const before = await get()
  const abort = new AbortController()
  const upgrading = daemon.with({ signal: abort.signal }).upgrade()
  await until(() => place.processes().length === 3)
  abort.abort(new Error('enough'))
  await t.throwsAsync(upgrading, { message: 'enough' })
  await until(() => place.processes().length === 2)
  const caller = place.spawn([
    '--input-type=module',
    '-e',
    `import { Daemon } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
     await new Daemon({ pidFile: ${JSON.stringify(place.file('a.pid'))} }).upgrade()`,
  ])
  await until(() => place.processes().length === 4)
  kill(caller.pid)
  await until(() => place.processes().length === 2)
  t.is(await get(), before)
  await daemon.stop()
})

test.serial(
  'a program that dies during its replacement is not started again, unless that fails',
  async (t) => {
    const place = folder(t)
    const { daemon, get, log } = await waiting(place)
    const before = await get()
    const abort = new AbortController()
    const upgrading = daemon.with({ signal: abort.signal }).upgrade()
    await until(() => place.processes().length === 3)
    kill(Number(before))
    await until(() => !alive(Number(before)))
    await until(() => log().includes(`(PID ${before}) was ended by SIGKILL; an upgrade is under way\n`))
    t.like(await daemon.status(), { bodies: [{ generation: 2 }], respawns: 0 })
    abort.abort(new Error('enough'))
    await t.throwsAsync(upgrading, { message: 'enough' })
    place.write('gate', '')
    t.not(await get(), before)
    await daemon.stop()
  },
)

for (const [respawn, code, end] of [
  ['never', 3, 'it is not to be started again, so that the daemon ends'],
  [{ on: 'failure', limit: 0 }, 1, 'after 0 respawns in a row the daemon gives up'],
]) {
  test.serial(`${JSON.stringify(respawn)} decides, too, when an upgrade has failed meanwhile`, async (t) => {
    const place = folder(t)
    const { daemon, get, log } = await waiting(place, { respawn })
    const before = await get()
    const abort = new AbortController()
    const upgrading = daemon.with({ signal: abort.signal }).upgrade()
    await until(() => place.processes().length === 3)
    await get('/exit?code=3').catch(() => {})
    await until(() => log().includes(`(PID ${before}) has ended with the code 3; an upgrade is under way\n`))
    const exited = daemon.exited()
    abort.abort(new Error('enough'))
    await t.throwsAsync(upgrading, { message: 'enough' })
    t.deepEqual(await exited, { code })
    t.true(log().includes(`(PID ${before}) has ended with the code 3; ${end}\n`))
  })
}

test.serial('the error of a new program tells where it is, and the log between which lines', async (t) => {
  const place = folder(t)
  const script = place.write('a.cjs', `require(${JSON.stringify(fixture('keeper/server.cjs'))})`)
  const { daemon, log } = await kept(place, { script })
  await daemon.start()
  place.write('a.cjs', 'let a = ;')
  const error = await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_START_FAILED' })
  t.true(error.message.includes(`SyntaxError: Unexpected token ';' (${script}:1)`), error.message)
  t.regex(error.log, /^daimon: the upgrade to generation 2 begins\n.*let a = ;/s)
  await until(() => log().endsWith('daimon: the upgrade to generation 2 has failed\n'))
  await daemon.stop()
})

test.serial('who does not read for a while hears that the upgrade has succeeded', async (t) => {
  const place = folder(t)
  const script = place.write(
    'chatty.mjs',
    `import { existsSync } from 'node:fs'
     import { createRequire } from 'node:module'
     import { Daemon } from "DAIMON"
     if (existsSync(${JSON.stringify(place.file('chatty'))}))
       for (let count = 0; count < 3_000; count++) Daemon.current.notify('x'.repeat(1_000))
     createRequire(import.meta.url)(${JSON.stringify(fixture('keeper/server.cjs'))})`,
  )
  const { daemon, get } = await kept(place, { script })
  await daemon.start()
  const before = await get()
  place.write('chatty', '')
  const requester = place.spawn([
    place.write(
      'requester.mjs',
      `import { writeFileSync } from 'node:fs'
       import { Daemon } from "DAIMON"
       const daemon = new Daemon({ pidFile: ${JSON.stringify(place.file('a.pid'))} })
       const { state } = await daemon.upgrade()
       writeFileSync(${JSON.stringify(place.file('heard'))}, state)`,
    ),
  ])
  await until(async () => (await daemon.status()).bodies.length === 2)
  kill(requester.pid, 'SIGSTOP')
  await until(() => !alive(Number(before)))
  kill(requester.pid, 'SIGCONT')
  t.is(await until(() => content(place.file('heard'))), 'running')
  await daemon.stop()
})

test.serial('arguments are kept, or replaced by those of the upgrade', async (t) => {
  const place = folder(t)
  const script = place.write(
    'args.mjs',
    `import { writeFileSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     writeFileSync(${JSON.stringify(place.file('args'))}, JSON.stringify(Daemon.current.args))
     setInterval(() => {}, 1e6)`,
  )
  const { daemon } = await kept(place, { script })
  // Longer than a socket has room for.
  const long = 'x'.repeat(3_000_000)
  for (const [call, expected] of [
    [() => daemon.start('one', long), ['one', long]],
    [() => daemon.upgrade(), ['one', long]],
    [() => daemon.upgrade('two', 2), ['two', 2]],
    [() => daemon.upgrade(), ['two', 2]],
    [() => daemon.upgrade(long), [long]],
    [() => daemon.upgrade(), [long]],
  ]) {
    await call()
    t.deepEqual(JSON.parse(content(place.file('args'))), expected)
  }
  await daemon.stop()
})

test.serial('arguments of an upgrade that fails are forgotten', async (t) => {
  const place = folder(t)
  const script = place.write(
    'args.mjs',
    `import { Daemon } from "DAIMON"
     const [word] = Daemon.current.args
     console.log('has', word)
     if (word === 'bad') throw new RangeError(word)
     setInterval(() => {}, 1e6)`,
  )
  const { daemon, log } = await kept(place, { script })
  await daemon.start('good')
  await t.throwsAsync(daemon.upgrade('bad'), { code: 'ERR_DAEMON_START_FAILED' })
  kill((await serving(daemon))[0])
  await until(() => log().match(/has good\n/g)?.length === 2)
  await daemon.upgrade()
  t.is(log().match(/has good\n/g).length, 3)
  await daemon.stop()
})

test.serial('a program hears of its replacement, and ends for that reason', async (t) => {
  const place = folder(t)
  const script = place.write(
    'hears.mjs',
    `import { Daemon } from "DAIMON"
     import { createRequire } from 'node:module'
     Daemon.current.on('drain', () => console.log('drain'))
     Daemon.current.onStop(({ by }) => console.log('stop by', by))
     createRequire(import.meta.url)(${JSON.stringify(fixture('keeper/server.cjs'))})`,
  )
  const { daemon, get, log } = await kept(place, { script })
  await daemon.start()
  const before = await get()
  await daemon.upgrade()
  await until(() => !alive(Number(before)))
  const begins = 'daimon: the upgrade to generation 2 begins\n'
  const upgraded = `${begins}daimon: the upgrade to generation 2 has succeeded\ndrain\nstop by upgrade\n`
  t.is(log(), upgraded)
  await daemon.stop()
  t.is(log(), `${upgraded}stop by signal\n`)
})

test.serial('a program has itself replaced', async (t) => {
  const place = folder(t)
  const script = place.write(
    'itself.mjs',
    `import { createServer } from 'node:http'
     import { Daemon } from "DAIMON"
     createServer((_, response) => response.end(String(process.pid))).listen(process.env.PORT, '127.0.0.1')
     process.on('SIGUSR2', async () => {
       const { pid, bodies } = await new Daemon({ pidFile: Daemon.current.pidFile }).upgrade()
       console.log('by itself', pid, JSON.stringify(bodies))
     })`,
  )
  const { daemon, get, log } = await kept(place, { script })
  const { pid } = await daemon.start()
  const before = await get()
  kill(Number(before), 'SIGUSR2')
  await until(() => !alive(Number(before)))
  t.not(await get(), before)
  const [, keeper, bodies] = /by itself (\d+) (.*)/.exec(log())
  t.is(Number(keeper), pid)
  const generations = JSON.parse(bodies).map(({ generation }) => generation)
  t.true(generations.includes(2), bodies)
  await daemon.stop()
})

test.serial(
  'one that does not stop after that is killed in the time of who has asked for the upgrade',
  async (t) => {
    const place = folder(t)
    const script = place.write(
      'stubborn.cjs',
      `process.on('SIGTERM', () => console.log('heard ' + process.pid))
     require('node:http').createServer((_, response) => response.end(String(process.pid))).listen(process.env.PORT)`,
    )
    const { daemon, get, log, port } = await kept(place, { script, stopTimeout: 600_000 })
    await daemon.start()
    const before = await get()
    const { daemon: other } = await kept(place, { script, stopTimeout: 100 }, { PORT: String(port) })
    await other.upgrade()
    await until(() => !alive(Number(before)))
    t.true(log().includes(`heard ${before}\n`))
    await other.stop()
  },
)

test.serial('one that does not finish in time is stopped', async (t) => {
  const { daemon, get, log } = await kept(folder(t), { drainTimeout: 200 })
  await daemon.start()
  const before = await get()
  const answer = t.throwsAsync(get('/later?ms=600000'))
  await until(async () => (await get()) === before)
  await daemon.upgrade()
  await answer
  await until(() => !alive(Number(before)))
  t.true(
    log().includes(`daimon: the replaced program (PID ${before}) has not finished its work within 200 ms\n`),
  )
  await daemon.stop()
})

test.serial('a daemon without a keeper cannot be upgraded', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: fixture('body.js'), run() {} })
  await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_NOT_RUNNING' })
  await daemon.start('serve')
  await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_UNSUPPORTED' })
  await daemon.stop()
})

test.serial('one that starts, or ends, does not run', async (t) => {
  const place = folder(t)
  const script = place.write(
    'slow.mjs',
    `import { existsSync } from 'node:fs'
     import { daemonize } from "DAIMON"
     const daemon = await daemonize({ pidFile: ${JSON.stringify(place.file('a.pid'))} })
     const file = (name) => new Promise((resolve) => {
       const look = setInterval(() => existsSync(name) && resolve(clearInterval(look)), 1)
     })
     daemon.onStop(() => file(${JSON.stringify(place.file('end'))}))
     await file(${JSON.stringify(place.file('begin'))})`,
  )
  const { daemon } = await kept(place, { script, stopTimeout: 60_000 })
  const codes = new Set()
  /** Asks for upgrades all the time, and lets it go on after some. */
  const during = async (doing, name, isOver) => {
    for (let round = 0; !(await isOver()); round++) {
      if (round === 20) place.write(name, '')
      const code = await daemon.upgrade().then(
        () => 'upgraded',
        (error) => error.code,
      )
      // It may be over since.
      if (!(await isOver())) codes.add(code)
    }
    await doing
  }
  await during(daemon.start(), 'begin', async () => {
    const { state, starting } = await daemon.status()
    return state === 'running' && starting !== true
  })
  await during(daemon.stop(), 'end', async () => (await daemon.status()).state === 'stopped')
  t.deepEqual([...codes], ['ERR_DAEMON_NOT_RUNNING'])
})

test.serial('several bodies share a socket, and are replaced together', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(place, { instances: 3 })
  await daemon.start()
  const before = await serving(daemon)
  t.is(before.length, 3)
  const asked = new Set()
  await until(async () => {
    for (const pid of await Promise.all(Array.from({ length: 20 }, () => get('/later?ms=20'))))
      asked.add(Number(pid))
    return asked.size === 3
  })
  t.deepEqual([...asked].toSorted(), before.toSorted())
  await daemon.upgrade()
  const after = await serving(daemon)
  t.is(after.length, 3)
  t.deepEqual(
    after.filter((pid) => before.includes(pid)),
    [],
  )
  await until(() => !before.some(alive))
  const [first] = after
  kill(first)
  await until(async () => (await serving(daemon)).length === 3 && !(await serving(daemon)).includes(first))
  await daemon.stop()
  t.deepEqual(place.processes(), [])
})
