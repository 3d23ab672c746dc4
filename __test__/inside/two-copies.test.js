// Two copies of the package in one process: they share its state where both know the layout of that, and else say so.
import { cpSync, existsSync } from 'node:fs'
import test from 'ava'
import { installTwice, setNumber, setVersion } from '../helpers/copies.js'
import { alive, content, fixture, kill, until } from '../helpers/index.js'

/** Which of the copies has the newer layout: the one that makes the daemon, or the one that is called. */
const NEWER = { 'an older copy': 'daimon', 'a newer copy': 'copy' }

/** Starts the program in that form, and gives the answers of the other copy in the daemon. */
async function answers(t, place, form) {
  place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  cpSync(fixture('inside/two-copies.mjs'), place.file('main.mjs'))
  const started = place.spawn(['main.mjs', form])
  if (form !== 'foreground') {
    const { code, stderr } = await started.done
    t.is(code, 0, stderr)
  }
  const lines = () =>
    (content(place.file('a.log')) ?? '')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  await until(() => lines().length > 0, 'the daemon')
  const pid = Number(place.read('a.pid'))
  kill(pid, 'SIGUSR2')
  await until(() => lines().at(-1).name === 'done' || !alive(pid), 'all calls')
  return { pid, lines: lines().slice(1, -1) }
}

for (const form of ['daemonize', 'run', 'script', 'foreground']) {
  for (const [title, newer] of Object.entries(NEWER)) {
    test(`a daemon (${form}) in which ${title} is called stays the only one, and is told why`, async (t) => {
      const place = installTwice(t)
      setNumber(t, place, 'STATE_ABI', 7, { copy: newer })
      const { pid, lines } = await answers(t, place, form)
      t.is(lines.length, 18)
      for (const { name, code, message } of lines) {
        t.is(code, 'ERR_DAEMON_UNSUPPORTED', name)
        t.regex(message, /^Two copies of daimon in this process do not understand each other: /)
        t.regex(message, /daimon \S+ at \/.*\/node_modules\/daimon\/dist\/.*, which has made it a daemon/)
        t.regex(message, /daimon \S+ at \/.*\/node_modules\/copy\/dist\/index\.js .*, which was called/)
        t.regex(message, /Install one version for the whole program/)
      }
      t.true(alive(pid))
      t.deepEqual(place.processes(), [pid])
      t.false(existsSync(place.file('b.pid')))
    })
  }
}

test('the program of a newer copy that is executed again by an older one is no second daemon', async (t) => {
  const place = installTwice(t)
  setNumber(t, place, 'STATE_ABI', 7, { copy: 'copy' })
  // In the launcher the copies do not meet: there is no state.
  place.write(
    'main.mjs',
    `import { Daemon } from 'daimon'
    import { daemonize } from 'copy'
    if (process.argv[2] === 'start') await new Daemon({ pidFile: 'a.pid', script: 'main.mjs', log: 'a.log' }).start()
    else await daemonize({ pidFile: 'a.pid', log: 'a.log' })`,
  )
  const { code, stderr } = await place.node(['main.mjs', 'start'])
  t.is(code, 1)
  t.regex(stderr, /ERR_DAEMON_START_FAILED/)
  t.regex(stderr, /Two copies of daimon in this process/)
  t.deepEqual(place.processes(), [])
  t.false(existsSync(place.file('a.pid')))
})

test('a worker of a daemon starts nothing by a copy of another layout', async (t) => {
  const place = installTwice(t)
  setNumber(t, place, 'STATE_ABI', 7, { copy: 'copy' })
  place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  place.write(
    'worker.mjs',
    `import { Daemon } from 'copy'
    import { parentPort } from 'node:worker_threads'
    const start = new Daemon({ pidFile: 'b.pid', script: 'idle.mjs' }).start()
    parentPort.postMessage(await start.then(String, ({ code }) => code))`,
  )
  place.write(
    'main.mjs',
    `import { once } from 'node:events'
    import { Worker } from 'node:worker_threads'
    import { daemonize } from 'daimon'
    await daemonize({ pidFile: 'a.pid', log: 'a.log' })
    const worker = new Worker(new URL('worker.mjs', import.meta.url))
    console.log('answer:', ...(await once(worker, 'message')))
    setInterval(() => {}, 1e6)`,
  )
  t.is((await place.node(['main.mjs'])).code, 0)
  const answer = await until(() => /^answer: .*$/m.exec(place.read('a.log'))?.[0], 'the answer')
  t.is(answer, 'answer: ERR_DAEMON_UNSUPPORTED')
  t.false(existsSync(place.file('b.pid')))
})

test('two copies with one layout are one daemon: one context, one claim, one stop', async (t) => {
  const place = installTwice(t)
  place.write(
    'main.mjs',
    `import { Daemon, daemonize } from 'daimon'
    const context = await daemonize({ pidFile: 'a.pid', log: 'a.log' })
    const copy = await import('copy')
    console.log('same:', copy.Daemon !== Daemon, copy.Daemon.current === context)
    console.log('same:', (await copy.daemonize({ pidFile: 'a.pid' })) === context)
    context.onStop(() => console.log('stopped'))
    process.on('SIGUSR2', () => void new copy.Daemon({ pidFile: 'a.pid' }).stop())
    setInterval(() => {}, 1e6)`,
  )
  t.is((await place.node(['main.mjs'])).code, 0)
  kill(Number(place.read('a.pid')), 'SIGUSR2')
  await until(() => place.processes().length === 0, 'the end')
  t.is(place.read('a.log'), 'same: true true\nsame: true\nstopped\n')
})

test('a value that says nothing of its layout is taken for another copy, too', async (t) => {
  const place = installTwice(t)
  place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  place.write(
    'main.mjs',
    `globalThis[Symbol.for('daimon.adopted')] = { pidFile: 'a.pid' }
    const { Daemon } = await import('daimon')
    const daemon = new Daemon({ pidFile: 'a.pid', script: 'idle.mjs' })
    console.log(...(await daemon.start().catch(({ code, message }) => [code, message])))`,
  )
  const { stdout } = await place.node(['main.mjs'])
  t.regex(
    stdout,
    /^ERR_DAEMON_UNSUPPORTED .*one of an unknown version, which has made it a daemon, and daimon \d/,
  )
  t.false(existsSync(place.file('a.pid')))
})

test('a socket is served by no copy of another version, which says so', async (t) => {
  const place = installTwice(t)
  const version = setVersion(place, 'copy')
  place.write('served.mjs', "import { Daemon } from 'copy'\nDaemon.current.onConnection(() => {})")
  place.write(
    'main.mjs',
    `import { Daemon } from 'daimon'
    const daemon = new Daemon({ pidFile: 'a.pid', script: 'served.mjs', socket: true })
    const { code, cause } = await daemon.connect().catch((error) => error)
    console.log(JSON.stringify({ code, cause: { code: cause.code, message: cause.message } }))`,
  )
  const { stdout } = await place.node(['main.mjs'])
  const { code, cause } = JSON.parse(stdout)
  t.is(code, 'ERR_DAEMON_START_FAILED')
  t.is(cause.code, 'ERR_DAEMON_UNSUPPORTED')
  t.regex(
    cause.message,
    /^Only a copy of the version that has made this process a daemon can serve its socket: /,
  )
  t.regex(cause.message, /daimon \S+ at \/.*\/node_modules\/daimon\/dist\//)
  t.true(cause.message.includes(`daimon ${version} at ${place.file('node_modules/copy/dist/index.js')}`))
  t.regex(cause.message, /Install one version for the whole program \('npm ls daimon'/)
  t.deepEqual(place.processes(), [])
})
