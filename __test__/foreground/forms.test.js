// The foreground of each form: a body, a script, daemonize(), start() and restart().
import { mkdirSync, rmdirSync } from 'node:fs'
import test from 'ava'
import { body, control, program, SAYS, started } from '../helpers/foreground.js'
import { folder, threads, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { idle } from '../helpers/pidfile.js'

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

needs('/proc')('a set-up that was broken off is told to a second daemonize(), too', async (t) => {
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
