// The foreground as the system and other processes see it: its lock, signals and terminal.
import { existsSync, readFileSync } from 'node:fs'
import test from 'ava'
import { send } from '../../dist/index.js'
import { body, control, program, SAYS, started } from '../helpers/foreground.js'
import { content, fixture, folder, stat, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { idle } from '../helpers/pidfile.js'
import { terminal } from '../helpers/terminal.js'

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
  // Not `process.pid`, whose own view of itself is made up under qemu-user.
  t.is(stat(pid).session, stat(process.ppid).session, 'the session is that of who started it')
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
  const path = fixture('foreground/held-stream.mjs')
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
