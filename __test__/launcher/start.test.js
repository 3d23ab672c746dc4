import { readFileSync } from 'node:fs'
import { deserialize } from 'node:v8'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { alive, content, fixture, folder, freePort, stat, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

test.serial('a plain script becomes a daemon, answers and is stopped', async (t) => {
  const { file, processes } = folder(t)
  const port = await freePort()
  const daemon = new Daemon({
    pidFile: file('a.pid'),
    script: fixture('launcher/plain.js'),
    scriptArgs: [String(port)],
  })
  const { pid } = await daemon.start()
  t.is(readFileSync(file('a.pid'), 'utf8'), `${pid}\n`)
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), String(pid))
  t.like(await daemon.stop(), { state: 'stopped', wasRunning: true, forced: false })
  t.false(alive(pid))
  t.deepEqual(processes(), [])
  t.is(content(file('a.pid')), undefined)
})

test.serial('start() resolves when the body is ready, and not before', async (t) => {
  const { file, write } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const starting = daemon.start('slowly', file('begun'), file('release'), file('served'))
  let settled = false
  starting.finally(() => {
    settled = true
  })
  await until(() => content(file('begun')) !== undefined, 'the body')
  // The daemon holds the pidfile already, and is found by it: only the start waits.
  const { pid } = await until(async () => {
    const status = await daemon.status()
    return status.state === 'running' && status
  }, 'the status')
  t.false(settled)
  write('release', '')
  t.like(await starting, { state: 'running', pid, pidFile: file('a.pid') })
  t.is(content(file('served')), '')
})

test.serial('start() gives the PID of the process that runs the body', async (t) => {
  const { file, read, processes } = folder(t)
  const { pid } = await body({ pidFile: file('a.pid') }).start('echo', file('out'))
  t.is(JSON.parse(read('out')).pid, pid)
  t.is(read('a.pid'), `${pid}\n`)
  t.deepEqual(processes(), [pid])
})

/** Runs a program on a terminal of its own: the launcher has one, so its daemon could have it. */
const ON_TERMINAL = `
import os, pty, sys
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
print(pid, flush=True)
sys.stdin.readline()
`

needs('python3')(
  'the daemon is in a session that it does not lead, without the terminal of its launcher, and not its child',
  async (t) => {
    const place = folder(t)
    const program = place.write(
      'a.mjs',
      `import { renameSync, writeFileSync } from 'node:fs'
       import { Daemon } from "DAIMON"
       const { pid } = await new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) }).start()
       writeFileSync('started.new', String(pid))
       renameSync('started.new', 'started')
       setInterval(() => {}, 1e6)`,
    )
    const terminal = place.spawnCommand('python3', ['-c', ON_TERMINAL, process.execPath, program])
    const pid = Number(await until(() => content(place.file('started')), 'the start'))
    const launcher = Number(terminal.output().stdout)
    const [theirs, ours] = [stat(launcher), stat(pid)]
    t.is(theirs.session, launcher)
    t.not(theirs.tty, 0)
    t.not(ours.session, theirs.session)
    t.not(ours.session, pid)
    t.is(ours.tty, 0)
    t.not(ours.ppid, launcher)
    t.not(ours.pgrp, theirs.pgrp)
  },
)

needs('python3', 'processor of its own')(
  'the daemon cannot gain a terminal by opening one; a session leader does',
  async (t) => {
    const { file, write, spawnCommand, spawn, read } = folder(t)
    // The terminal of nobody's session, held open by another process.
    const pty = spawnCommand('python3', [
      '-uc',
      'import os,sys; m,s=os.openpty(); print(os.ttyname(s)); sys.stdin.read()',
    ])
    const path = await until(() => pty.output().stdout.trim(), 'the terminal')
    const script = write(
      'open.mjs',
      `import { openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
     openSync(${JSON.stringify(path)}, 'r+')
     writeFileSync('stat.new', readFileSync('/proc/self/stat'))
     renameSync('stat.new', 'stat.' + process.pid)
     setInterval(() => {}, 1e6)`,
    )
    const tty = (pid) => Number(read(`stat.${pid}`).split(' ')[6])
    const { pid } = await new Daemon({ pidFile: file('a.pid'), script, cwd: file('.') }).start()
    t.is(tty(pid), 0)
    t.is(stat(pid).tty, 0)
    const leader = spawn([script], { detached: true })
    await until(() => content(file(`stat.${leader.pid}`)), 'the session leader')
    t.not(tty(leader.pid), 0, 'this terminal could have been gained')
  },
)

test.serial('what the body is given arrives, and the context tells who it is', async (t) => {
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
})

test.serial('arguments of every kind that can be cloned arrive as what they were', async (t) => {
  const { file } = folder(t)
  const shared = { deep: [{ er: true }] }
  const args = [
    undefined,
    null,
    true,
    -0,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    10n ** 30n,
    'ünïcode \u{1F608}\0',
    new Date(5),
    /a+(?<b>b)/giu,
    new Map([['a', new Map([[1, 2]])]]),
    new Set([1, 'two']),
    new Uint8Array([1, 2]),
    new Float64Array([1.5]),
    new Uint16Array([1, 2]).buffer,
    Buffer.from('bytes'),
    new RangeError('an error'),
    new Boolean(false),
    [shared, shared],
    {},
  ]
  await body({ pidFile: file('a.pid') }).start('back', file('out'), ...args)
  const seen = deserialize(readFileSync(file('out')))
  t.deepEqual(seen, args)
  const [one, other] = seen.at(-2)
  t.is(one, other, 'the same object twice is one object')
})

test.serial('an object that holds itself arrives so', async (t) => {
  const { file } = folder(t)
  const ring = { name: 'ring' }
  ring.self = ring
  await body({ pidFile: file('a.pid') }).start('back', file('out'), ring)
  const [seen] = deserialize(readFileSync(file('out')))
  t.is(seen.self, seen)
})

for (const [what, value] of [
  ['a function', () => {}],
  ['a symbol', Symbol('s')],
  ['a function inside an object', { on: { end() {} } }],
  ['a promise', Promise.resolve()],
]) {
  test.serial(`${what} among the arguments is refused by its place, before anything happens`, async (t) => {
    const { file, processes } = folder(t)
    const error = await t.throwsAsync(body({ pidFile: file('a.pid') }).start('serve', value))
    t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'args[1]' })
    t.is(error.value, value)
    t.regex(error.message, /^Argument 1 /)
    t.deepEqual(processes(), [])
    t.is(content(file('a.pid')), undefined)
  })
}

test.serial('a payload larger than any socket buffer arrives whole', async (t) => {
  const { file } = folder(t)
  const large = 'x'.repeat(3_000_000)
  await body({ pidFile: file('a.pid') }).start('echo', file('out'), large)
  t.true(JSON.parse(readFileSync(file('out'), 'utf8')).args[2] === large)
})

test.serial('the launcher exits by itself once it has started, and daemon and pidfile stay', async (t) => {
  const { file, write, node, read, processes } = folder(t)
  const program = write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     await new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) }).start()`,
  )
  t.like(await node([program]), { code: 0, stdout: '', stderr: '' })
  const pid = Number(read('a.pid'))
  t.is(read('a.pid'), `${pid}\n`)
  t.deepEqual(processes(), [pid])
  const daemon = new Daemon({ pidFile: file('a.pid') })
  t.like(await daemon.status(), { state: 'running', pid })
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

test.serial('the launcher goes on, and controls what it has started', async (t) => {
  const { write, node, processes } = folder(t)
  const program = write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     const daemon = new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) })
     const { pid } = await daemon.start()
     const status = await daemon.status()
     const { wasRunning, forced } = await daemon.stop()
     console.log(status.pid === pid, status.state, wasRunning, forced)`,
  )
  t.like(await node([program]), { code: 0, stdout: 'true running true false\n', stderr: '' })
  t.deepEqual(processes(), [])
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
