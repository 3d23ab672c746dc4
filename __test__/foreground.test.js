import { existsSync, readFileSync } from 'node:fs'
import test from 'ava'
import { Daemon, send } from '../dist/index.js'
import { content, folder, stat, until } from './helpers/index.js'
import { needs } from './helpers/needs.js'
import { idle } from './helpers/pidfile.js'
import { terminal } from './helpers/terminal.js'

const body = (place, text, name = 'a.mjs') =>
  place.write(name, `import { Daemon, daemonize } from "DAIMON"\n${text}`)

/** A body that says what it hears. */
const SAYS = `(daemon) => {
  daemon.on('reload', () => console.log('reloads'))
  daemon.onStop(async ({ signal }) => { await null; console.log('stops by', signal) })
  setInterval(() => {}, 1e6)
}`

/** A program that runs the body in its foreground and then says \`ready\`. */
const program = (place, run = SAYS, options = '') =>
  body(
    place,
    `const daemon = await new Daemon({ pidFile: 'a.pid', run: ${run}, ${options} }).foreground()
     console.log('ready')`,
  )

/** Starts a program, and waits until it says so. */
async function started(place, path, said = 'ready\n') {
  const running = place.spawn([path])
  running.ended = false
  void running.done.then(() => {
    running.ended = true
  })
  const { stdout } = await until(
    () => (running.output().stdout.includes(said) || running.ended) && running.output(),
    `the program says ${said}`,
  )
  if (!stdout.includes(said)) throw new Error(JSON.stringify(await running.done))
  return running
}

const control = (place) => new Daemon({ pidFile: place.file('a.pid') })

test.serial('the process itself becomes the daemon, and others see, prove and stop it', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const d = new Daemon({ pidFile: 'a.pid', run: ${SAYS} })
     const before = Daemon.current
     const daemon = await d.foreground()
     const { role, pid, detached, sockets, args } = daemon
     const same = daemon === Daemon.current
     const { state } = await d.status()
     console.log(JSON.stringify({ before, role, pid, detached, sockets, args, same, state, self: process.pid }))
     console.log('ready')`,
  )
  const running = await started(place, path)
  const [told] = running.output().stdout.split('\n')
  const { pid } = running
  const seen = { role: 'daemon', pid, detached: false, sockets: {}, args: [], same: true, state: 'running' }
  t.deepEqual(JSON.parse(told), { ...seen, self: pid })
  t.is(place.read('a.pid'), `${pid}\n`)
  t.is(stat(pid).session, stat(process.pid).session, 'the session is that of who started it')
  t.like(await control(place).status(), { state: 'running', pid })
  t.like(await control(place).stop(), { wasRunning: true, forced: false, stale: false })
  t.like(await running.done, { code: 0, signal: null, stderr: '' })
  t.true(running.output().stdout.endsWith('ready\nstops by SIGTERM\n'))
  t.false(existsSync(place.file('a.pid')))
})

test.serial('the kernel names the process as the holder, so that nothing else has to prove it', async (t) => {
  const place = folder(t)
  const { pid } = await started(place, program(place))
  const tags = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter((line) => new RegExp(`POSIX +ADVISORY +WRITE ${pid} `).test(line))
  t.is(tags.length, 1)
  t.regex(tags[0], / 0 0$/, 'on the first byte alone: it is ready')
})

test.serial('a start and another foreground meet it as AlreadyRunning, and leave it alone', async (t) => {
  const place = folder(t)
  const running = await started(place, program(place))
  const { pid } = running
  await t.throwsAsync(idle(place).start(), {
    code: 'ERR_DAEMON_ALREADY_RUNNING',
    message: RegExp(`PID ${pid}`),
  })
  const second = await place.node([program(place)])
  t.is(second.code, 1)
  t.regex(second.stderr, new RegExp(`AlreadyRunningError: .*PID ${pid}`))
  t.is(place.read('a.pid'), `${pid}\n`)
  t.like(await control(place).status(), { state: 'running', pid })
  t.is(running.ended, false)
})

test.serial('a detached daemon keeps a foreground away, and lets it in when it leaves', async (t) => {
  const place = folder(t)
  const daemon = idle(place)
  const { pid } = await daemon.start()
  const refused = await place.node([program(place)])
  t.regex(refused.stderr, new RegExp(`AlreadyRunningError: .*PID ${pid}`))
  t.is(place.read('a.pid'), `${pid}\n`)
  const path = body(
    place,
    `const logger = { ...console, info: () => {} }
     const daemon = new Daemon({ pidFile: 'a.pid', lockTimeout: Infinity, logger, run: ${SAYS} }).foreground()
     console.log('waits')
     await daemon
     console.log('ready')`,
  )
  const waiting = await started(place, path, 'waits\n')
  await daemon.stop()
  await until(() => waiting.output().stdout.endsWith('ready\n'), 'the one that waits')
  t.like(await daemon.status(), { state: 'running', pid: waiting.pid })
})

test.serial('of many at once exactly one becomes the daemon', async (t) => {
  const place = folder(t)
  const path = program(place)
  const rivals = Array.from({ length: 6 }, () => place.spawn([path]))
  const losers = []
  for (const { pid, done } of rivals) void done.then((result) => losers.push({ pid, ...result }))
  await until(() => losers.length === 5, 'the end of all but one')
  const [winner] = rivals.filter(({ pid }) => losers.every((loser) => loser.pid !== pid))
  await until(() => winner.output().stdout === 'ready\n', 'the one that is left')
  for (const { code, stderr } of losers) {
    t.is(code, 1)
    t.regex(stderr, new RegExp(`AlreadyRunningError: .*PID ${winner.pid}`))
  }
  t.like(await control(place).status(), { state: 'running', pid: winner.pid })
})

test.serial('one that is killed leaves a file that nobody believes, and the next takes over', async (t) => {
  const place = folder(t)
  const { child, pid, done } = await started(place, program(place))
  child.kill('SIGKILL')
  await done
  t.is(place.read('a.pid'), `${pid}\n`)
  t.like(await control(place).status(), { state: 'stopped', stale: true })
  const next = await started(place, program(place))
  t.like(await control(place).status(), { state: 'running', pid: next.pid })
})

test.serial('signals by pidfile alone reach it', async (t) => {
  const place = folder(t)
  const signals = 'signals: { SIGUSR2: (signal) => console.log(signal) }'
  const running = await started(place, program(place, SAYS, signals))
  await send(place.file('a.pid'), 'SIGUSR2')
  await until(() => running.output().stdout.endsWith('SIGUSR2\n'), 'the signal')
  await control(place).reload()
  await until(() => running.output().stdout.endsWith('reloads\n'), 'the reload')
  t.is(running.ended, false)
})

needs('python3')('Ctrl-C on the terminal stops it with its hooks; output was the terminal', async (t) => {
  const place = folder(t)
  const screen = terminal(place, [program(place)])
  await screen.shows('ready')
  screen.type('^C')
  const { shown, code } = await screen.end()
  t.is(code, 0)
  t.regex(shown, /ready\n(?:\^C)?stops by SIGINT\n$/)
  t.false(existsSync(place.file('a.pid')))
})

needs('python3')('a second Ctrl-C ends it at once', async (t) => {
  const place = folder(t)
  const run = `(daemon) => {
    daemon.onStop(() => { console.log('hangs'); return new Promise(() => setInterval(() => {}, 1e6)) })
    setInterval(() => {}, 1e6)
  }`
  const screen = terminal(place, [program(place, run)])
  await screen.shows('ready')
  screen.type('^C')
  await screen.shows('hangs')
  screen.type('^C')
  t.is((await screen.end()).code, 130)
  t.false(existsSync(place.file('a.pid')))
})

needs('python3')('with a log, what the terminal had has an end, whoever holds its stream', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `console.log('on the terminal')
     console.error('this too')
     const { stdout } = process
     await new Daemon({ pidFile: 'a.pid', log: 'a.log', run() {} }).foreground()
     console.log('one')
     console.error('two')
     stdout.write('three\\n')
     stdout.cork()
     stdout.write('fo')
     stdout.write('ur\\n')
     stdout.uncork()
     process.stdout.write('five\\n', () => process.exit(stdout.isTTY ? 1 : 0))`,
  )
  const { shown, code } = await terminal(place, [path]).end()
  t.is(code, 0)
  t.is(shown, 'on the terminal\nthis too\n')
  t.is(place.read('a.log'), 'one\ntwo\nthree\nfour\nfive\n')
})

test.serial('stdout and stderr go where they are told to, each by itself; stdin too', async (t) => {
  const place = folder(t)
  place.write('in', 'from a file')
  const run = `(daemon) => {
    console.log('to stdout')
    console.error('to stderr')
    process.stdin.on('data', (text) => console.error(String(text)))
  }`
  const path = body(
    place,
    `await new Daemon({ pidFile: 'a.pid', stdin: 'in', stderr: 'err', run: ${run} }).foreground()`,
  )
  t.like(await place.node([path]), { code: 0, stdout: 'to stdout\n', stderr: '' })
  t.is(place.read('err'), 'to stderr\nfrom a file\n')
})

test.serial('the logs are opened again on reload', async (t) => {
  const place = folder(t)
  const run =
    "(daemon) => { daemon.on('reload', () => console.log('again')); console.log('up'); setInterval(() => {}, 1e6) }"
  const running = place.spawn([program(place, run, "log: 'a.log'")])
  await until(() => content(place.file('a.log'))?.includes('ready'), 'the log')
  await place.command('mv', ['a.log', 'old.log'])
  await control(place).reload()
  await until(() => content(place.file('a.log')) === 'again\n', 'the new log')
  t.is(place.read('old.log'), 'up\nready\n')
  t.deepEqual(running.output(), { stdout: '', stderr: '' })
})

test.serial('arguments arrive as they are, but must be fit to be cloned', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const d = new Daemon({ pidFile: 'a.pid', run: (daemon, map, text) => console.log(map === given, text, daemon.args.length) })
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
    const run = `async (daemon) => { daemon.onStop(() => console.log('hook')); await null; throw new RangeError('mine') }`
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
    `const run = async () => { await new Promise((resolve) => process.once('go', resolve)); throw new RangeError('late') }
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
  const path = body(
    place,
    `const codes = []
     const tell = (error) => codes.push(error.code)
     const run = () => {}
     const other = new Daemon({ pidFile: 'b.pid', run })
     const one = new Daemon({ pidFile: 'a.pid', run })
     const begun = one.foreground()
     await other.foreground().catch(tell)
     await one.foreground().catch(tell)
     await begun
     await other.foreground().catch(tell)
     await daemonize({ pidFile: 'b.pid', detach: false }).catch(tell)
     await one.foreground().catch(tell)
     await one.start().catch(tell)
     console.log(codes.join(' ').replaceAll('ERR_DAEMON_', ''))`,
  )
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
     setTimeout(() => abort.abort(new Error('enough')), 100)
     await waiting.catch((error) => console.log(error.message))
     setInterval(() => {}, Daemon.current ? 1e6 : 1).unref()`,
  )
  t.like(await place.node([path, 'a.pid']), { code: 0, stdout: 'enough\n', stderr: '' })
  t.like(await control(place).status(), { state: 'running' })
  t.like(await place.node([path, 'b.pid']), { code: 1, stdout: 'runs\nenough\n', stderr: '' })
  t.false(existsSync(place.file('b.pid')))
})
