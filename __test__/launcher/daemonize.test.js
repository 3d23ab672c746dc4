import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { passGate } from '../helpers/gate.js'
import { alive, fixture, folder, freePort, TELLS_CODES, until } from '../helpers/index.js'

const body = (write, text, name = 'a.mjs') =>
  write(name, `import { daemonize, Daemon } from "DAIMON"\n${text}`)

test.serial('the launcher exits with 0 once the daemon listens, top-level awaits and all', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const launcher = place.spawn([fixture('launcher/inline-server.mjs'), String(port)])
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  await passGate(t, place, daemon)
  t.like(await launcher.done, { code: 0, stdout: 'launcher exits', stderr: '' })
  const pid = Number(place.read('a.pid'))
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), `daemon${pid}`)
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

test.serial('in CommonJS, too', async (t) => {
  const { file, read, write, node } = folder(t)
  const program = write(
    'a.cjs',
    `const { writeFileSync } = require('node:fs')
     import("DAIMON").then(async ({ daemonize }) => {
       const daemon = await daemonize({ pidFile: 'a.pid' })
       writeFileSync('seen', String(require.main === module))
       setInterval(() => {}, 1e6)
     })`,
  )
  t.like(await node([program]), { code: 0, stderr: '' })
  t.is(read('seen'), 'true', 'it is the main module')
  t.like(await new Daemon({ pidFile: file('a.pid') }).status(), { state: 'running' })
})

test.serial('with exit: false it resolves in both, each with its role', async (t) => {
  const { write, node, read } = folder(t)
  const program = body(
    write,
    `import { writeFileSync } from 'node:fs'
     const result = await daemonize({ pidFile: 'a.pid', exit: false })
     if (result.role === 'daemon') {
       writeFileSync('daemon', JSON.stringify([result.pid, result.pidFile, Daemon.current === result]))
       setInterval(() => {}, 1e6)
     } else console.log(JSON.stringify(result))`,
  )
  const { code, stdout } = await node([program])
  t.is(code, 0)
  const launcher = JSON.parse(stdout)
  t.like(launcher, { role: 'launcher', state: 'running', pid: Number(read('a.pid')) })
  t.deepEqual(JSON.parse(read('daemon')), [launcher.pid, launcher.pidFile, true])
})

test.serial(
  'args of a function are asked for in the launcher alone; a second call gives the same context',
  async (t) => {
    const { node, read } = folder(t)
    const { pid, code } = await node([fixture('launcher/launched-and-asked.mjs')])
    t.is(code, 0)
    t.is(read('asked'), `${pid}\n`)
    t.deepEqual(JSON.parse(read('seen')), [['secret', 2], true, true])
  },
)

test.serial(
  'a failed start is an uncaught error of the launcher: a message on stderr, exit code 1',
  async (t) => {
    const { write, node, processes, file } = folder(t)
    const program = body(
      write,
      `await daemonize({ pidFile: 'a.pid' })
     throw new TypeError('no database')`,
    )
    const { code, stdout, stderr } = await node([program])
    t.is(code, 1)
    t.is(stdout, '')
    t.regex(stderr, /StartFailedError: .*exited with code 1 before it was ready: TypeError: no database/)
    t.deepEqual(processes(), [])
    t.false(existsSync(file('a.pid')))
  },
)

test.serial('a second launcher is refused', async (t) => {
  const { write, node, read } = folder(t)
  const program = body(write, "await daemonize({ pidFile: 'a.pid' })\nsetInterval(() => {}, 1e6)")
  t.is((await node([program])).code, 0)
  const second = await node([program])
  t.is(second.code, 1)
  t.regex(
    second.stderr,
    new RegExp(`AlreadyRunningError: .*already running with PID ${read('a.pid').trim()}`),
  )
})

test.serial("ready: 'manual' is the daemon's own word", async (t) => {
  const { file, write, spawn, read } = folder(t)
  const program = body(
    write,
    `import { existsSync, writeFileSync } from 'node:fs'
     const daemon = await daemonize({ pidFile: 'a.pid', ready: 'manual' })
     writeFileSync('waits', '')
     const timer = setInterval(() => existsSync('go') && (daemon.ready(), daemon.ready()), 5)`,
  )
  const launcher = spawn([program])
  await until(() => existsSync(file('waits')), 'the body')
  t.true(alive(launcher.pid))
  write('go', '')
  t.is((await launcher.done).code, 0)
  t.true(alive(Number(read('a.pid'))))
})

test.serial(
  'the disposal of the context ends the daemon with 0, and stop() with the code that it is given',
  async (t) => {
    const { file, write, processes } = folder(t)
    const script = write(
      'a.mjs',
      `import { Daemon } from "DAIMON"
     process.once('SIGUSR2', () => Daemon.current.stop(7))
     process.once('SIGHUP', () => Daemon.current[Symbol.asyncDispose]())
     setInterval(() => {}, 1e6)`,
    )
    for (const [signal, expected] of [
      ['SIGUSR2', 7],
      ['SIGHUP', 0],
    ]) {
      const daemon = new Daemon({ pidFile: file('a.pid'), script })
      await daemon.start()
      const exited = daemon.exited()
      await daemon.signal(signal)
      const { code } = await exited
      t.is(code, TELLS_CODES ? expected : undefined)
      t.false(existsSync(file('a.pid')))
    }
    t.deepEqual(processes(), [])
  },
)
