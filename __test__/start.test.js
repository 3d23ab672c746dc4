import { readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { AlreadyRunningError, Daemon } from '../dist/index.js'
import { body } from './fixtures/body.js'
import { alive, fixture, folder, freePort, kill, stat, until } from './helpers/index.js'

test.serial('a plain script becomes a daemon, answers and is stopped', async (t) => {
  const { file, processes } = folder(t)
  const port = await freePort()
  const daemon = new Daemon({
    pidFile: file('a.pid'),
    script: fixture('plain.js'),
    scriptArgs: [String(port)],
  })
  const { pid } = await daemon.start()
  t.is(readFileSync(file('a.pid'), 'utf8'), `${pid}\n`)
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), String(pid))
  t.like(await daemon.stop(), { state: 'stopped', wasRunning: true, forced: false })
  t.false(alive(pid))
  t.deepEqual(processes(), [])
})

test.serial(
  'the daemon is in a session that it does not lead, without a terminal, and not our child',
  async (t) => {
    const { file } = folder(t)
    const { pid } = await body({ pidFile: file('a.pid') }).start('serve')
    const seen = stat(pid)
    t.not(seen.session, stat(process.pid).session)
    t.not(seen.session, pid)
    t.is(seen.tty, 0)
    t.not(seen.ppid, process.pid)
  },
)

test.serial('the daemon cannot gain a terminal by opening one', async (t) => {
  const { file, write, spawnCommand, read } = folder(t)
  // The terminal of nobody's session, held open by another process.
  const pty = spawnCommand('python3', [
    '-uc',
    'import os,sys; m,s=os.openpty(); print(os.ttyname(s)); sys.stdin.read()',
  ])
  const path = await until(() => pty.output().stdout.trim(), 'the terminal')
  const script = write(
    'open.mjs',
    `import { openSync, readFileSync, writeFileSync } from 'node:fs'
     openSync(${JSON.stringify(path)}, 'r+')
     writeFileSync('stat', readFileSync('/proc/self/stat'))
     setInterval(() => {}, 1e6)`,
  )
  const { pid } = await new Daemon({ pidFile: file('a.pid'), script, cwd: file('.') }).start()
  t.is(read('stat').split(' ')[0], String(pid))
  t.is(stat(pid).tty, 0)
})

test.serial('what the body is given arrives, with its types', async (t) => {
  const { file } = folder(t)
  await body({ pidFile: file('a.pid'), name: 'echo' }).start('echo', file('out'), 1, 'two', null)
  t.like(JSON.parse(readFileSync(file('out'), 'utf8')), {
    name: 'echo',
    title: 'echo',
    role: 'daemon',
    detached: true,
    pidFile: file('a.pid'),
    args: ['echo', file('out'), 1, 'two', null],
  })
  const other = body({ pidFile: file('b.pid') })
  await other.start('types', file('types'), new Map([['a', 1]]), new Date(5), 10n, new Uint8Array([1, 2]))
  t.deepEqual(JSON.parse(readFileSync(file('types'), 'utf8')), [1, 5, true, [1, 2]])
})

test.serial('an argument that cannot be cloned is refused by its place', async (t) => {
  const { file, processes } = folder(t)
  const error = await t.throwsAsync(body({ pidFile: file('a.pid') }).start('serve', () => {}))
  t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'args[1]' })
  t.deepEqual(processes(), [])
})

test.serial('a payload larger than any socket buffer arrives whole', async (t) => {
  const { file } = folder(t)
  const large = 'x'.repeat(3_000_000)
  await body({ pidFile: file('a.pid') }).start('echo', file('out'), large)
  t.is(JSON.parse(readFileSync(file('out'), 'utf8')).args[2].length, large.length)
})

test.serial('the launcher exits and the daemon stays', async (t) => {
  const { file, write, node, read } = folder(t)
  const program = write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     await new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) }).start()`,
  )
  t.like(await node([program]), { code: 0, stdout: '', stderr: '' })
  const pid = Number(read('a.pid'))
  t.true(alive(pid))
  t.like(await new Daemon({ pidFile: file('a.pid') }).stop(), { wasRunning: true })
})

test.serial('a second start is refused with the running PID and changes nothing', async (t) => {
  const { file, read } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const error = await t.throwsAsync(daemon.start('serve'), { instanceOf: AlreadyRunningError })
  t.like(error, { code: 'ERR_DAEMON_ALREADY_RUNNING', pid, pidFile: file('a.pid') })
  t.is(read('a.pid'), `${pid}\n`)
})

test.serial('daemons of different pidfiles live side by side', async (t) => {
  const { file } = folder(t)
  const both = ['a.pid', 'b.pid'].map((name) => body({ pidFile: file(name) }))
  const [one, other] = await Promise.all(both.map((daemon) => daemon.start('serve')))
  t.not(one.pid, other.pid)
  t.true(alive(one.pid) && alive(other.pid))
})

test.serial('after SIGKILL the next start takes over', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  kill(pid)
  await daemon.exited()
  t.like(await daemon.status(), { state: 'stopped', stale: true })
  t.not((await daemon.start('serve')).pid, pid)
})

test.serial(
  'a stale file that names a living stranger does not keep a start away, nor is the stranger touched',
  async (t) => {
    const { file, spawnCommand } = folder(t)
    const stranger = spawnCommand('sleep', ['1000'])
    await until(() => alive(stranger.pid), 'the stranger')
    writeFileSync(file('a.pid'), `${stranger.pid}\n`)
    const daemon = body({ pidFile: file('a.pid') })
    t.like(await daemon.status(), { state: 'stopped', stale: true })
    t.like(await daemon.stop(), { wasRunning: false })
    await t.throwsAsync(daemon.signal('SIGKILL'), { code: 'ERR_DAEMON_NOT_RUNNING' })
    t.like(await daemon.start('serve'), { state: 'running' })
    await daemon.stop()
    t.true(alive(stranger.pid))
  },
)

test.serial('lockTimeout waits for a running daemon to leave', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), lockTimeout: 60_000 })
  const { pid } = await daemon.start('serve')
  const second = daemon.start('serve')
  await daemon.with({ lockTimeout: 0 }).stop()
  t.not((await second).pid, pid)
})

test.serial('progress and lifecycle reach the logger', async (t) => {
  const { file, write } = folder(t)
  const lines = []
  const logger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [level, (text) => lines.push(text)]),
  )
  const script = write(
    'slow.mjs',
    `import { Daemon } from "DAIMON"
     Daemon.current.notify('half way')
     setInterval(() => {}, 1e6)`,
  )
  const daemon = new Daemon({ pidFile: file('a.pid'), script, logger })
  await daemon.start()
  await daemon.stop()
  t.true(lines.includes('half way'))
  t.true(lines.some((line) => line.startsWith('started with PID')))
  t.true(lines.includes('stopped'))
})
