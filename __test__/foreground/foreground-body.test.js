// The foreground as its body sees it: what it is given, when it is ready, and how it ends.
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import test from 'ava'
import { body, control, program, SAYS, started } from '../helpers/foreground.js'
import { fixture, folder, threads, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { idle } from '../helpers/pidfile.js'

test.serial('arguments arrive as they are, but must be fit to be cloned', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const run = (daemon, map, text) => console.log(map === given, text, daemon.args.length)
     const d = new Daemon({ pidFile: 'a.pid', run })
     const given = new Map()
     const refused = await d.foreground(given, () => {}).catch((error) => error)
     console.log(refused.code, refused.option, Daemon.current)
     await d.foreground(given, 'text')`,
  )
  const { code, stdout } = await place.node([path])
  t.is(code, 0)
  t.is(stdout, 'ERR_DAEMON_INVALID_OPTION args[1] undefined\ntrue text 2\n')
})

test.serial('cwd, umask, environment and title are set before the body begins', async (t) => {
  const place = folder(t)
  const run = `() => {
    const { HOME, ADDED, GONE, PATH } = process.env
    console.log(JSON.stringify([process.cwd(), process.umask(), process.title, !!HOME, ADDED, GONE, !!PATH]))
  }`
  const options = "cwd: '/usr', umask: 0o027, name: 'titled', env: { ADDED: 'yes', HOME: undefined }"
  const seen = async (more) => {
    const { stdout } = await place.node([program(place, run, `${options}, ${more}`)], {
      env: { GONE: 'still' },
    })
    return JSON.parse(stdout.split('\n')[0])
  }
  t.deepEqual(await seen(''), ['/usr', 0o027, 'titled', false, 'yes', 'still', true])
  t.deepEqual(await seen('cleanEnv: true'), ['/usr', 0o027, 'titled', false, 'yes', null, true])
})

test.serial(
  "what the body throws before it is ready is the caller's; the pidfile goes with the process",
  async (t) => {
    const place = folder(t)
    const run = `async (daemon) => {
      daemon.onStop(() => console.log('hook'))
      await null
      throw new RangeError('mine')
    }`
    const uncaught = await place.node([program(place, run)])
    t.like(uncaught, { code: 1, stdout: 'hook\n' })
    t.regex(uncaught.stderr, /RangeError: mine/)
    t.false(existsSync(place.file('a.pid')))
    const path = body(
      place,
      `const error = await new Daemon({ pidFile: 'a.pid', run: ${run} }).foreground().catch((error) => error)
     console.log(error instanceof RangeError, error.message)`,
    )
    t.like(await place.node([path]), { code: 1, stdout: 'true mine\nhook\n', stderr: '' })
    t.false(existsSync(place.file('a.pid')))
  },
)

test.serial('limits, nice value and core limit are those of the whole process', async (t) => {
  const place = folder(t)
  const run = `() => {
    const { readFileSync, readdirSync } = process.getBuiltinModule('node:fs')
    const threads = readdirSync('/proc/self/task').map((id) => '/proc/self/task/' + id + '/stat')
    const nice = new Set(threads.map((path) => readFileSync(path, 'utf8').split(' ')[18]))
    const lines = readFileSync('/proc/self/limits', 'utf8').split(String.fromCharCode(10))
    const limit = (name) => lines.find((line) => line.startsWith(name)).slice(name.length).split(/ +/).slice(1, 3)
    const score = readFileSync('/proc/self/oom_score_adj', 'utf8').trim()
    console.log(JSON.stringify([[...nice], limit('Max open files'), limit('Max core file size'), score]))
  }`
  const options = 'nice: 3, limits: { nofile: [500, 600] }, oomScoreAdj: 500'
  const { stdout } = await place.node([program(place, run, options)])
  t.deepEqual(JSON.parse(stdout.split('\n')[0]), [['3'], ['500', '600'], ['0', '0'], '500'])
})

needs('root')('user and root folder are taken before the body begins; the pidfile is given up', async (t) => {
  const place = folder(t)
  const run = `() => {
    const { readdirSync } = process.getBuiltinModule('node:fs')
    console.log(JSON.stringify([process.geteuid(), process.cwd(), process.env.USER, readdirSync('/')]))
  }`
  place.write('root/inside', '')
  const { stdout } = await place.node([program(place, run, "user: 'nobody', chroot: 'root'")])
  t.deepEqual(JSON.parse(stdout.split('\n')[0]), [65534, '/', 'nobody', ['inside']])
  t.is(place.read('a.pid'), '', 'who cannot remove it empties it')
  const refused = await place.node([program(place, run, 'noNewPrivileges: true')])
  t.regex(refused.stderr, /UnsupportedError: Option 'noNewPrivileges'/)
})

test.serial('what it throws once it is ready ends the process', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const run = async () => {
       await new Promise((resolve) => process.once('go', resolve))
       throw new RangeError('late')
     }
     await new Daemon({ pidFile: 'a.pid', ready: 'running', run }).foreground()
     console.log('ready')
     process.emit('go')`,
  )
  const { code, stdout, stderr } = await place.node([path])
  t.is(code, 1)
  t.is(stdout, 'ready\n')
  t.regex(stderr, /RangeError: late/)
  t.false(existsSync(place.file('a.pid')))
})

for (const [what, run, options, code] of [
  ['an event loop that runs dry', '() => {}', '', 0],
  ['stop(3)', '(daemon) => { setTimeout(() => daemon.stop(3)) }', '', 3],
  ['process.exit(42)', '() => process.exit(42)', '', 42],
  ['a hook that throws', "(daemon) => daemon.onStop(() => { throw new Error('hook') })", '', 1],
  ['one that is never ready', '() => {}', "ready: 'manual'", 13],
]) {
  test.serial(`the exit code of ${what} is ${code}, and the pidfile is gone`, async (t) => {
    const place = folder(t)
    t.is((await place.node([program(place, run, options)])).code, code)
    t.false(existsSync(place.file('a.pid')))
  })
}

test.serial('with ready: manual it is ready when the body says so', async (t) => {
  const place = folder(t)
  const run =
    "(daemon) => { setTimeout(() => { console.log('now'); daemon.ready() }) ; setInterval(() => {}, 1e6) }"
  const running = await started(place, program(place, run, "ready: 'manual'"))
  t.is(running.output().stdout, 'now\nready\n')
})

test.serial(
  'a script is executed in this process, with its arguments, and stops as it does detached',
  async (t) => {
    const place = folder(t)
    place.write('script.mjs', "console.log(process.argv.slice(1).join(' ')); setInterval(() => {}, 1e6)")
    const path = body(
      place,
      `const d = new Daemon({ pidFile: 'a.pid', script: 'script.mjs', scriptArgs: ['one', 'two'] })
     await d.foreground()
     console.log('ready')`,
    )
    const running = await started(place, path)
    t.is(running.output().stdout, `${place.file('script.mjs')} one two\nready\n`)
    t.like(await control(place).stop(), { wasRunning: true, forced: false })
    t.like(await running.done, { code: 0 })
  },
)

test.serial('a script that cannot be executed is its own error; its program cannot be chosen', async (t) => {
  const place = folder(t)
  place.write('script.mjs', "import './missing.mjs'")
  const path = body(
    place,
    `const options = { pidFile: 'a.pid', script: 'script.mjs' }
     for (const more of [{ execArgv: [] }, { execPath: process.execPath }, {}]) {
       const error = await new Daemon({ ...options, ...more }).foreground().catch((error) => error)
       console.log(error.code, error.feature)
     }`,
  )
  const { code, stdout } = await place.node([path])
  t.is(stdout, `${'ERR_DAEMON_UNSUPPORTED foreground\n'.repeat(2)}ERR_MODULE_NOT_FOUND undefined\n`)
  t.is(code, 1)
})

test.serial('daemonize() without detaching goes on in this process', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const args = async () => { console.log('asked'); return [process.pid] }
     const options = { pidFile: 'a.pid', detach: false, args }
     const both = await Promise.all([daemonize(options), daemonize(options)])
     const daemon = await daemonize(options)
     console.log(both.every((one) => one === daemon), daemon.args[0] === process.pid, daemon.detached)
     daemon.onStop(() => console.log('stops'))
     setInterval(() => {}, 1e6)
     setImmediate(() => console.log('ready'))`,
  )
  const running = await started(place, path)
  t.is(running.output().stdout, 'asked\ntrue true false\nready\n')
  t.like(await control(place).status(), { state: 'running', pid: running.pid })
  t.like(await control(place).stop(), { forced: false })
  t.like(await running.done, { code: 0, stderr: '' })
})

test.serial('start() without detaching is the foreground, and restart() takes over so', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const d = new Daemon({ pidFile: 'a.pid', detach: false, run: ${SAYS} })
     const { state, pid } = await d[process.argv[2]]()
     console.log(state, pid === process.pid)
     console.log('ready')`,
  )
  const first = place.spawn([path, 'start'])
  await until(() => first.output().stdout === 'running true\nready\n', 'the first')
  const second = place.spawn([path, 'restart'])
  await until(() => second.output().stdout === 'running true\nready\n', 'the second')
  t.like(await first.done, { code: 0 })
  t.like(await control(place).status(), { state: 'running', pid: second.pid })
})

test.serial('a process is the daemon of one pidfile', async (t) => {
  const place = folder(t)
  const path = fixture('foreground/other-pidfiles.mjs')
  const refused = 'UNSUPPORTED ALREADY_RUNNING UNSUPPORTED UNSUPPORTED ALREADY_RUNNING ALREADY_RUNNING'
  t.like(await place.node([path]), { code: 0, stdout: `${refused}\n` })
  for (const name of ['a.pid', 'b.pid']) t.false(existsSync(place.file(name)), name)
})

test.serial('a worker is the daemon of none', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `import { Worker, isMainThread } from 'node:worker_threads'
     if (isMainThread) new Worker(new URL(import.meta.url))
     else {
       const refused = (error) => console.log(error.code, error.feature)
       await new Daemon({ pidFile: 'a.pid', run() {} }).foreground().catch(refused)
       await daemonize({ pidFile: 'a.pid', detach: false }).catch(refused)
     }`,
  )
  const { stdout } = await place.node([path])
  t.is(stdout, 'ERR_DAEMON_UNSUPPORTED foreground\n'.repeat(2))
  t.false(existsSync(place.file('a.pid')))
})

test.serial('a failure leaves no pidfile, and the process as it was', async (t) => {
  const place = folder(t)
  place.write('garbage.pid', 'notes')
  const path = body(
    place,
    `const run = () => console.log('runs')
     for (const options of [{ log: 'missing/a.log' }, { pidFile: 'garbage.pid' }, { pidFile: 'missing/a.pid' }]) {
       const error = await new Daemon({ pidFile: 'a.pid', run, ...options }).foreground().catch((error) => error)
       console.log(error.code, error.option ?? error.reason, Daemon.current)
     }
     await new Daemon({ pidFile: 'a.pid', run }).foreground()`,
  )
  const { code, stdout } = await place.node([path])
  t.is(code, 0)
  const refused = [
    'ERR_DAEMON_INVALID_OPTION log',
    'ERR_DAEMON_PIDFILE garbage',
    'ERR_DAEMON_PIDFILE missing-directory',
  ]
  t.is(stdout, `${refused.map((line) => `${line} undefined\n`).join('')}runs\n`)
  t.is(place.read('garbage.pid'), 'notes')
  t.false(existsSync(place.file('a.pid')))
})

test.serial('an abort ends the wait for the lock, or the half-started daemon', async (t) => {
  const place = folder(t)
  await idle(place).start()
  const path = body(
    place,
    `const run = () => console.log('runs')
     const d = new Daemon({ pidFile: process.argv[2], lockTimeout: Infinity, ready: 'manual', run })
     const abort = new AbortController()
     const waiting = d.with({ signal: abort.signal }).foreground()
     process.stdin.once('data', () => abort.abort(new Error('enough')))
     await waiting.catch((error) => console.log(error.message))
     process.stdin.destroy()
     setInterval(() => {}, Daemon.current ? 1e6 : 1).unref()`,
  )
  const first = place.spawn([path, 'a.pid'])
  await until(() => threads('daimon-launch', first.pid) > 0, 'the wait for the lock')
  first.child.stdin.write('abort')
  t.like(await first.done, { code: 0, stdout: 'enough\n', stderr: '' })
  t.like(await control(place).status(), { state: 'running' })
  const second = place.spawn([path, 'b.pid'])
  await until(() => second.output().stdout === 'runs\n', 'the body')
  second.child.stdin.write('abort')
  t.like(await second.done, { code: 1, stdout: 'runs\nenough\n', stderr: '' })
  t.false(existsSync(place.file('b.pid')))
})

test.serial('a set-up that was broken off is told to a second daemonize(), too', async (t) => {
  const place = folder(t)
  const daemon = idle(place)
  const path = body(
    place,
    `const options = { pidFile: 'a.pid', detach: false, lockTimeout: Infinity, cwd: 'gone' }
     const tell = (error) => console.log(error.code, error.option, error.cause.code)
     const script = () => new Daemon({ ...options, script: 'idle.mjs' }).foreground()
     await (process.argv[2] === 'script' ? script() : daemonize(options)).catch(tell)
     await daemonize(options).catch(tell)`,
  )
  for (const first of ['inline', 'script']) {
    mkdirSync(place.file('gone'))
    await daemon.start()
    const waiting = place.spawn([path, first])
    await until(() => threads('daimon-launch', waiting.pid) > 0, 'the wait for the lock')
    rmdirSync(place.file('gone'))
    await daemon.stop()
    const refused = 'ERR_DAEMON_INVALID_OPTION cwd ENOENT\n'
    t.like(await waiting.done, { code: 1, stdout: refused + refused, stderr: '' }, first)
  }
})

test.serial('an abort after a failed body is nothing to it any more', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const abort = new AbortController()
     const d = new Daemon({ pidFile: 'a.pid', run() { throw new Error('mine') } })
     await d.with({ signal: abort.signal }).foreground().catch((error) => console.log(error.message))
     Daemon.current.onStop(({ by }) => console.log('stopped by', by))
     abort.abort()
     setImmediate(() => setImmediate(() => process.exit(7)))`,
  )
  t.like(await place.node([path]), { code: 7, stdout: 'mine\n', stderr: '' })
})

test.serial('with stopTimeout: Infinity, too, a stop waits for its hooks', async (t) => {
  const place = folder(t)
  const run = `(daemon) => {
    daemon.onStop(() => console.log('saved'))
    daemon.onStop(() => new Promise((resolve) => setTimeout(resolve, 50).unref()))
    setImmediate(() => daemon.stop(3))
  }`
  const ended = await place.node([program(place, run, 'stopTimeout: Infinity')])
  t.like(ended, { code: 3, stderr: '' })
  t.true(ended.stdout.endsWith('saved\n'))
})
