// The other verbs: signal, reload, send, exited; and verbs of a daemon on itself.
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs'
import test from 'ava'
import { Daemon, send } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { alive, content, fixture, folder, KERNEL_TELLS, kill, stat, until } from '../helpers/index.js'
import { idle } from '../helpers/pidfile.js'

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGQUIT', 131],
]) {
  test.serial(`a second ${signal} exits at once with ${code}`, async (t) => {
    const { file, processes } = folder(t)
    const daemon = body({ pidFile: file('a.pid') })
    await daemon.start('hooks', file('seen'), file('release'))
    const exited = daemon.exited()
    await daemon.signal(signal)
    await until(() => existsSync(file('seen.begun')), 'the stop')
    await daemon.signal(signal)
    t.deepEqual(await exited, KERNEL_TELLS ? { code } : {})
    t.false(existsSync(file('seen')))
    t.deepEqual(processes(), [])
    t.is(content(file('a.pid')), undefined)
  })
}

test.serial('a second SIGTERM changes nothing', async (t) => {
  const { file, write, read } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  await daemon.start('hooks', file('seen'), file('release'))
  const exited = daemon.exited()
  await daemon.signal('SIGTERM')
  await until(() => existsSync(file('seen.begun')), 'the stop')
  await daemon.signal('SIGTERM')
  write('release', '')
  t.deepEqual(await exited, KERNEL_TELLS ? { code: 0 } : {})
  t.deepEqual(JSON.parse(read('seen')).slice(0, 2), ['second begins', 'second ends'])
})

test.serial('reload opens the log again after it was renamed, and tells the body', async (t) => {
  const { file, read } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), log: file('a.log') })
  const { pid } = await daemon.start('serve')
  await daemon.reload()
  await until(() => content(file('a.log')) === 'reloaded\n', 'the old log')
  renameSync(file('a.log'), file('a.log.1'))
  await daemon.reload()
  await until(() => content(file('a.log')) === 'reloaded\n', 'the new log')
  t.is(read('a.log.1'), 'reloaded\n')
  t.like(await daemon.status(), { state: 'running', pid })
})

test.serial('reload and signal of what does not run reject', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  for (const verb of [() => daemon.reload(), () => daemon.signal('SIGUSR2'), () => send(file('a.pid'), 15)]) {
    t.like(await t.throwsAsync(verb()), { code: 'ERR_DAEMON_NOT_RUNNING', pidFile: file('a.pid') })
  }
})

test.serial('signals go by name and by number, by Daemon and by pidfile', async (t) => {
  const { file, write, read } = folder(t)
  const script = write(
    'a.mjs',
    `import { appendFileSync } from 'node:fs'
     for (const signal of ['SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGURG'])
       process.on(signal, (name, number) => appendFileSync('seen', name + number + '\\n'))
     setInterval(() => {}, 1e6)`,
  )
  const daemon = new Daemon({ pidFile: file('a.pid'), script, cwd: file('.') })
  await daemon.start()
  let expected = ''
  for (const [way, line] of [
    [() => daemon.signal('SIGUSR2'), 'SIGUSR212\n'],
    [() => daemon.signal(28), 'SIGWINCH28\n'],
    [() => send(file('a.pid'), 'SIGCONT'), 'SIGCONT18\n'],
    [() => send(new URL(`file://${file('a.pid')}`), 23), 'SIGURG23\n'],
  ]) {
    t.is(await way(), undefined)
    expected += line
    await until(() => content(file('seen'))?.length === expected.length, line)
    t.is(read('seen'), expected)
  }
})

test.serial('an unknown signal is an InvalidOption, and reaches nobody', async (t) => {
  const { file, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  for (const wrong of ['SIGNOPE', 'TERM', 'sigterm', '15', '', 0, -1, 65, 1.5, Number.NaN, null, undefined]) {
    for (const verb of [() => daemon.signal(wrong), () => send(file('a.pid'), wrong)]) {
      const error = await t.throwsAsync(verb(), { code: 'ERR_DAEMON_INVALID_OPTION' }, String(wrong))
      t.like(error, { option: 'signal', value: wrong })
    }
  }
  t.deepEqual(processes(), [pid])
})

test.serial('SIGUSR1 opens no inspector, and signals of a terminal stop nobody', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), log: file('a.log') })
  const { pid } = await daemon.start('serve')
  for (const signal of ['SIGUSR1', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']) await daemon.signal(signal)
  await daemon.reload()
  await until(() => content(file('a.log'))?.includes('reloaded\n'), 'the reload, after them')
  t.not(stat(pid).state, 'T')
  t.is(content(file('a.log')), 'reloaded\n', 'Node tells on stderr when its inspector listens')
})

test.serial('exited() resolves when the instance is gone: at once when there is none', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  t.deepEqual(await daemon.exited(), {})
  const { pid } = await daemon.start('serve')
  let settled = false
  const exited = daemon.exited().finally(() => {
    settled = true
  })
  for (let look = 0; look < 50; look++) await daemon.status()
  t.false(settled)
  kill(pid)
  t.deepEqual(await exited, KERNEL_TELLS ? { signal: 'SIGKILL' } : {})
  t.false(alive(pid))
})

test.serial('exited() tells the exit code', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  for (const code of [0, 3, 255]) {
    await daemon.start('ending', code)
    const exited = daemon.exited()
    await daemon.signal('SIGUSR2')
    t.deepEqual(await exited, KERNEL_TELLS ? { code } : {})
  }
})

test.serial('exited() is about the present instance, not its successor', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  await daemon.start('serve')
  const exited = daemon.exited()
  const { pid } = await daemon.restart('serve')
  await exited
  t.like(await daemon.status(), { state: 'running', pid })
})

test.serial('exited() rejects with the reason of its signal', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  await daemon.start('serve')
  const controller = new AbortController()
  const waiting = [
    daemon.exited({ signal: controller.signal }),
    daemon.with({ signal: controller.signal }).exited(),
  ]
  const reason = new Error('enough')
  controller.abort(reason)
  for (const wait of waiting) t.is(await t.throwsAsync(wait), reason)
  t.is(await t.throwsAsync(daemon.exited({ signal: controller.signal })), reason)
})

test.serial('an uncaught error runs the hooks, is logged, and removes the pidfile', async (t) => {
  const { file, read } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), log: file('a.log') })
  await daemon.start('crash', file('reason'))
  const exited = daemon.exited()
  await daemon.signal('SIGUSR2')
  t.deepEqual(await exited, KERNEL_TELLS ? { code: 1 } : {})
  t.is(read('reason'), 'error')
  t.regex(read('a.log'), /out of the blue/)
  t.false(existsSync(file('a.pid')))
})

test.serial('verbs of a daemon on itself', async (t) => {
  const { file, read, node } = folder(t)
  t.like(await node([fixture('control/on-itself.mjs')]), { code: 0, stderr: '' })
  const daemon = new Daemon({ pidFile: file('a.pid') })
  const { pid } = await daemon.status()
  const exited = daemon.exited()
  await daemon.signal('SIGUSR2')
  t.deepEqual(await exited, KERNEL_TELLS ? { code: 0 } : {})
  const [status, start, restart, reloaded, signals] = JSON.parse(read('seen'))
  t.like(status, { state: 'running', pid, pidFile: file('a.pid') })
  t.deepEqual(start, ['ERR_DAEMON_ALREADY_RUNNING', pid])
  t.is(restart[0], 'ERR_DAEMON_UNSUPPORTED')
  t.is(reloaded, 'reloaded')
  t.deepEqual(signals, ['SIGWINCH', 'SIGURG'])
  t.deepEqual(JSON.parse(read('reason')), { by: 'stop', code: 0 })
  t.is(content(file('settled')), undefined)
  t.false(existsSync(file('a.pid')))
})

test.serial("asking for its own status does not take the daemon's proof away", async (t) => {
  const place = folder(t)
  const script = fixture('control/asks-itself.mjs')
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path })
  const { pid } = await daemon.start()
  await daemon.signal('SIGUSR2')
  await until(() => content(place.file('asked')) !== undefined, 'it has asked')
  t.like(await idle(place).status(), { state: 'running', pid })
  // The kernel still names it as the holder of the write lock, proc_locks(5).
  const { ino } = statSync(place.file('a.pid'))
  const locks = readFileSync('/proc/locks', 'utf8')
  t.regex(locks, new RegExp(`POSIX +ADVISORY +WRITE +${pid} \\S+:${ino} `))
})
