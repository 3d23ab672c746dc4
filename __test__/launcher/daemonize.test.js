import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, folder, freePort, until } from '../helpers/index.js'

const body = (write, text, name = 'a.mjs') =>
  write(name, `import { daemonize, Daemon } from "DAIMON"\n${text}`)

test.serial('the launcher exits with 0 once the daemon listens, top-level awaits and all', async (t) => {
  const { file, write, node, read } = folder(t)
  const port = await freePort()
  const program = body(
    write,
    `import { createServer } from 'node:http'
     import { setTimeout } from 'node:timers/promises'
     process.on('exit', () => Daemon.current ?? process.stdout.write('launcher exits'))
     const daemon = await daemonize({ pidFile: 'a.pid', name: 'inline' })
     await setTimeout(150)
     createServer((_, response) => response.end(daemon.role + daemon.pid)).listen(${port}, '127.0.0.1')`,
  )
  t.like(await node([program]), { code: 0, stdout: 'launcher exits', stderr: '' })
  const pid = Number(read('a.pid'))
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), `daemon${pid}`)
  t.like(await new Daemon({ pidFile: file('a.pid') }).stop(), { wasRunning: true, forced: false })
})

test.serial('in CommonJS, too', async (t) => {
  const { file, write, node } = folder(t)
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
  await until(() => existsSync(file('seen')), 'the body')
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
    const { write, node, read } = folder(t)
    const program = body(
      write,
      `import { appendFileSync, writeFileSync } from 'node:fs'
     const options = {
       pidFile: 'a.pid',
       args: async () => (appendFileSync('asked', String(process.pid) + '\\n'), ['secret', 2]),
     }
     const daemon = await daemonize(options)
     const again = await daemonize(options)
     writeFileSync('seen', JSON.stringify([daemon.args, again === daemon, Daemon.current === daemon]))
     setInterval(() => {}, 1e6)`,
    )
    const { pid, code } = await node([program])
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

test.serial('await using stops the daemon at the end of its block; stop() exits with its code', async (t) => {
  const { file, write, processes } = folder(t)
  const script = write(
    'a.mjs',
    `import { Daemon } from "DAIMON"
     process.once('SIGUSR2', () => Daemon.current.stop(7))
     process.once('SIGWINCH', () => Daemon.current[Symbol.asyncDispose]())
     setInterval(() => {}, 1e6)`,
  )
  for (const [signal, expected] of [
    ['SIGUSR2', 7],
    ['SIGWINCH', 0],
  ]) {
    const daemon = new Daemon({ pidFile: file('a.pid'), script })
    await daemon.start()
    const exited = daemon.exited()
    await daemon.signal(signal)
    const { code } = await exited
    t.true(code === undefined || code === expected)
    t.false(existsSync(file('a.pid')))
  }
  t.deepEqual(processes(), [])
})
