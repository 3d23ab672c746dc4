import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { Daemon, send } from '../dist/index.js'
import { body } from './fixtures/body.js'
import { alive, folder, kill, until } from './helpers/index.js'

test.serial('stopping what does not run is no error', async (t) => {
  const { file } = folder(t)
  const expected = {
    state: 'stopped',
    pidFile: file('a.pid'),
    stale: false,
    wasRunning: false,
    forced: false,
  }
  t.deepEqual(await body({ pidFile: file('a.pid') }).stop(), expected)
  t.deepEqual(await new Daemon({ pidFile: file('no/such/folder/a.pid') }).stop(), {
    ...expected,
    pidFile: file('no/such/folder/a.pid'),
  })
})

test.serial('hooks run to their end, the last registered first, and are told the reason', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('hooks', file('seen'), file('release'))
  const stopping = daemon.stop()
  t.true(alive(pid))
  writeFileSync(file('release'), '')
  t.like(await stopping, { forced: false, wasRunning: true })
  t.deepEqual(JSON.parse(readFileSync(file('seen'), 'utf8')), [
    'second begins',
    'second ends',
    ['first', { by: 'signal', signal: 'SIGTERM' }],
  ])
  t.false(existsSync(file('a.pid')))
})

test.serial(
  'a daemon that ignores SIGTERM is killed when its time is up, and nothing stale is left',
  async (t) => {
    const { file, processes } = folder(t)
    const daemon = body({ pidFile: file('a.pid'), stopTimeout: 100 })
    await daemon.start('deaf')
    t.like(await daemon.stop(), { state: 'stopped', wasRunning: true, forced: true, stale: false })
    t.deepEqual(processes(), [])
  },
)

test.serial(
  'with forceKill false it lives on, and the stop rejects; a restart then starts no second one',
  async (t) => {
    const { file, processes } = folder(t)
    const daemon = body({ pidFile: file('a.pid'), stopTimeout: 100, forceKill: false })
    const { pid } = await daemon.start('deaf')
    t.like(await t.throwsAsync(daemon.stop()), { code: 'ERR_DAEMON_STOP_TIMEOUT', pid, timeout: 100 })
    await t.throwsAsync(daemon.restart('serve'), { code: 'ERR_DAEMON_STOP_TIMEOUT' })
    t.deepEqual(processes(), [pid])
    t.like(await daemon.stop({ forceKill: true }), { forced: true })
  },
)

test.serial('a stopped process (SIGSTOP) stops', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  kill(pid, 'SIGSTOP')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.false(alive(pid))
})

test.serial('ten callers of stop at once all resolve, and none cuts the hooks short', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('hooks', file('seen'), file('release'))
  const stops = Array.from({ length: 10 }, () => daemon.stop())
  kill(pid, 'SIGTERM')
  writeFileSync(file('release'), '')
  for (const result of await Promise.all(stops)) t.false(result.forced)
  t.is(JSON.parse(readFileSync(file('seen'), 'utf8')).length, 3)
})

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGQUIT', 131],
]) {
  test.serial(`a second ${signal} exits at once with ${code}`, async (t) => {
    const { file } = folder(t)
    const daemon = body({ pidFile: file('a.pid') })
    const { pid } = await daemon.start('hooks', file('seen'), file('release'))
    const exited = daemon.exited()
    await daemon.signal(signal)
    await until(() => existsSync(file('seen.begun')), 'the stop')
    await daemon.signal(signal)
    const ended = await exited
    if (ended.code !== undefined) t.is(ended.code, code)
    t.false(alive(pid))
    t.false(existsSync(file('seen')))
  })
}

test.serial("a daemon's children do not keep its lock", async (t) => {
  const { file, write, processes } = folder(t)
  const script = write(
    'a.mjs',
    `import { spawn } from 'node:child_process'
     spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).unref()
     setInterval(() => {}, 1e6)`,
  )
  const daemon = new Daemon({ pidFile: file('a.pid'), script })
  const first = await daemon.start()
  kill(first.pid)
  await daemon.exited()
  t.is(processes().length, 1)
  t.not((await daemon.start()).pid, first.pid)
})

test.serial('restart gives another process, and starts what was not running', async (t) => {
  const { file, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const first = await daemon.restart('serve')
  const second = await daemon.restart('serve')
  t.not(first.pid, second.pid)
  t.deepEqual(processes(), [second.pid])
})

test.serial('a restart that could not start stops nothing', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  await t.throwsAsync(daemon.with({ cwd: file('missing') }).restart('serve'), {
    code: 'ERR_DAEMON_INVALID_OPTION',
  })
  t.true(alive(pid))
})

test.serial('reload opens the log again and tells the body', async (t) => {
  const { file, read } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), log: file('a.log') })
  await daemon.start('serve')
  renameSync(file('a.log'), file('a.log.1'))
  await daemon.reload()
  await until(() => existsSync(file('a.log')) && read('a.log') === 'reloaded\n', 'the new log')
  t.is(read('a.log.1'), '')
  await daemon.stop()
  await t.throwsAsync(daemon.reload(), { code: 'ERR_DAEMON_NOT_RUNNING' })
})

test.serial('signals go by name and by number, by Daemon and by pidfile', async (t) => {
  const { file, write, read } = folder(t)
  const script = write(
    'a.mjs',
    `import { appendFileSync } from 'node:fs'
     for (const signal of ['SIGUSR2', 'SIGWINCH', 'SIGCONT']) process.on(signal, () => appendFileSync('seen', signal + '\\n'))
     setInterval(() => {}, 1e6)`,
  )
  const daemon = new Daemon({ pidFile: file('a.pid'), script, cwd: file('.') })
  await daemon.start()
  const seen = (count) =>
    until(() => existsSync(file('seen')) && read('seen').split('\n').length > count, 'it')
  await daemon.signal('SIGUSR2')
  await seen(1)
  await daemon.signal(28)
  await seen(2)
  await send(file('a.pid'), 'SIGCONT')
  await seen(3)
  t.is(read('seen'), 'SIGUSR2\nSIGWINCH\nSIGCONT\n')
  for (const wrong of ['SIGNOPE', 'TERM', 0, -1, 65, 1.5]) {
    await t.throwsAsync(daemon.signal(wrong), { code: 'ERR_DAEMON_INVALID_OPTION' })
    await t.throwsAsync(send(file('a.pid'), wrong), { code: 'ERR_DAEMON_INVALID_OPTION' })
  }
})

test.serial('SIGUSR1 opens no inspector, and signals of a terminal stop nobody', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const threads = () => readFileSync(`/proc/${pid}/status`, 'utf8').match(/^State:.*$/m)[0]
  for (const signal of ['SIGUSR1', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']) await daemon.signal(signal)
  // Handled in order: when the reload has been, they have been.
  await daemon.reload()
  t.notRegex(threads(), /stopped/)
  t.true(alive(pid))
})

test.serial(
  'exited() resolves when the instance is gone, with its code or signal where the kernel tells',
  async (t) => {
    const { file } = folder(t)
    const daemon = body({ pidFile: file('a.pid') })
    t.deepEqual(await daemon.exited(), {})
    const { pid } = await daemon.start('serve')
    const killed = daemon.exited()
    kill(pid)
    const { code, signal } = await killed
    t.is(code, undefined)
    t.true(signal === undefined || signal === 'SIGKILL')
    await daemon.start('serve')
    const aborted = daemon.exited({ signal: AbortSignal.timeout(20) })
    t.is((await t.throwsAsync(aborted, { any: true })).name, 'TimeoutError')
    await daemon.stop()
  },
)

test.serial('an uncaught error runs the hooks, is logged, and removes the pidfile', async (t) => {
  const { file, read } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), log: file('a.log') })
  await daemon.start('crash', file('reason'))
  const exited = daemon.exited()
  await daemon.signal('SIGUSR2')
  const { code } = await exited
  t.true(code === undefined || code === 1)
  t.is(read('reason'), 'error')
  t.regex(read('a.log'), /out of the blue/)
  t.false(existsSync(file('a.pid')))
})

test.serial('verbs on oneself', async (t) => {
  const { file, write, read, node } = folder(t)
  const program = write(
    'a.mjs',
    `import { writeFileSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     const d = new Daemon({ pidFile: 'a.pid', run: (context) => {
       context.on('reload', () => writeFileSync('reloaded', ''))
       setInterval(() => {}, 1e6)
       process.on('SIGUSR2', async () => {
         const seen = [await d.status(), await d.start().catch((e) => e.code), await d.restart().catch((e) => e.code)]
         const reloaded = new Promise((resolve) => context.once('reload', resolve))
         await d.reload()
         await reloaded
         writeFileSync('seen', JSON.stringify(seen))
         await d.stop()
       })
     } })
     await d.start()`,
  )
  t.like(await node([program]), { code: 0, stderr: '' })
  const daemon = new Daemon({ pidFile: file('a.pid') })
  const { pid } = await daemon.status()
  const exited = daemon.exited()
  await daemon.signal('SIGUSR2')
  await exited
  const [status, start, restart] = JSON.parse(read('seen'))
  t.like(status, { state: 'running', pid })
  t.is(start, 'ERR_DAEMON_ALREADY_RUNNING')
  t.is(restart, 'ERR_DAEMON_UNSUPPORTED')
  t.true(existsSync(file('reloaded')))
  t.false(existsSync(file('a.pid')))
})
