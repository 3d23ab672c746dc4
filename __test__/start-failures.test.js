import { createServer } from 'node:http'
import test from 'ava'
import { Daemon, ReadyTimeoutError, StartFailedError } from '../dist/index.js'
import { body } from './fixtures/body.js'
import { fixture, folder, until } from './helpers/index.js'

/** Nothing is left: no process, no pidfile, no lock. */
async function nothingLeft(t, { file, processes }) {
  t.deepEqual(processes(), [])
  t.deepEqual(await new Daemon({ pidFile: file('a.pid') }).status(), {
    state: 'stopped',
    pidFile: file('a.pid'),
    stale: false,
  })
}

async function failure(t, place, way, ...args) {
  const error = await t.throwsAsync(body({ pidFile: place.file('a.pid') }).start(way, ...args), {
    instanceOf: StartFailedError,
  })
  await nothingLeft(t, place)
  return error
}

test.serial('a body that throws at once is the cause of the failed start', async (t) => {
  const error = await failure(t, folder(t), 'throw')
  t.like(error, { code: 'ERR_DAEMON_START_FAILED', step: 'ready', exitCode: 1 })
  t.like(error.cause, { name: 'TypeError', message: 'boom', code: 'E_BOOM' })
  t.regex(error.cause.stack, /body\.js/)
  t.regex(error.message, /exited with code 1 before it was ready: TypeError: boom/)
  t.regex(error.log, /TypeError: boom/)
})

test.serial('so is one that rejects later, and one that throws out of a callback', async (t) => {
  t.like((await failure(t, folder(t), 'later')).cause, { name: 'RangeError', message: 'boom later' })
  t.like((await failure(t, folder(t), 'uncaught')).cause, { message: 'out of the blue' })
})

test.serial('process.exit before ready is told with its code', async (t) => {
  t.like(await failure(t, folder(t), 'exit'), { exitCode: 42 })
})

test.serial('a signal that ends the daemon before ready is told by name', async (t) => {
  const error = await failure(t, folder(t), 'die')
  // Where the kernel tells.
  t.true(error.exitSignal === undefined || error.exitSignal === 'SIGKILL')
  t.is(error.exitCode, undefined)
})

for (const host of ['127.0.0.1', 'localhost']) {
  test.serial(`a port in use on ${host} fails the start, though listen() was not awaited`, async (t) => {
    const server = createServer()
    await new Promise((resolve) => server.listen(0, host, resolve))
    t.teardown(() => server.close())
    const error = await failure(t, folder(t), 'listen', server.address().port, host)
    t.like(error.cause, { code: 'EADDRINUSE', syscall: 'listen', port: server.address().port })
  })
}

for (const name of ['syntax.mjs', 'syntax.cjs']) {
  for (const log of [undefined, 'a.log']) {
    test.serial(`a syntax error in ${name} is shown, ${log ? 'in the log' : 'without a log'}`, async (t) => {
      const place = folder(t)
      const options = { pidFile: place.file('a.pid'), script: fixture(`invalid/${name}`) }
      const daemon = new Daemon(log === undefined ? options : { ...options, log: place.file(log) })
      const error = await t.throwsAsync(daemon.start(), { instanceOf: StartFailedError })
      t.regex(error.message, /SyntaxError/)
      t.regex(error.log, /const = 1/)
      if (log !== undefined) t.regex(place.read(log), /SyntaxError/)
      await nothingLeft(t, place)
    })
  }
}

test.serial('a missing import is the cause', async (t) => {
  const place = folder(t)
  const script = place.write('a.mjs', "import './missing.mjs'")
  const error = await t.throwsAsync(new Daemon({ pidFile: place.file('a.pid'), script }).start())
  t.like(error, { code: 'ERR_DAEMON_START_FAILED', exitCode: 1 })
  t.is(error.cause.code, 'ERR_MODULE_NOT_FOUND')
  await nothingLeft(t, place)
})

test.serial('a wrong flag for Node is told by the log alone', async (t) => {
  const place = folder(t)
  const options = { pidFile: place.file('a.pid'), script: fixture('plain.js'), execArgv: ['--no-such-flag'] }
  const error = await t.throwsAsync(new Daemon(options).start())
  t.is(error.code, 'ERR_DAEMON_START_FAILED')
  // Node ends so fast that init may have reaped it before anybody could get a handle on it.
  t.true(error.exitCode === undefined || error.exitCode === 9)
  t.regex(error.log, /no-such-flag/)
  await nothingLeft(t, place)
})

test.serial('only what this start has written is shown of a log', async (t) => {
  const place = folder(t)
  const log = place.write('a.log', 'an older line\n')
  const script = fixture('invalid/syntax.mjs')
  const error = await t.throwsAsync(new Daemon({ pidFile: place.file('a.pid'), script, log }).start())
  t.notRegex(error.log, /an older line/)
  t.regex(place.read('a.log'), /^an older line\n/)
})

test.serial(
  'a daemon that is never ready is ended when its time is up, even if it ignores SIGTERM',
  async (t) => {
    const place = folder(t)
    const daemon = body({ pidFile: place.file('a.pid'), readyTimeout: 500, stopTimeout: 100 })
    const error = await t.throwsAsync(daemon.start('never'), { instanceOf: ReadyTimeoutError })
    t.like(error, { code: 'ERR_DAEMON_READY_TIMEOUT', timeout: 500 })
    t.is(typeof error.pid, 'number')
    await nothingLeft(t, place)
  },
)

test.serial('an aborted start ends the half-started daemon and rejects with the reason', async (t) => {
  const place = folder(t)
  const controller = new AbortController()
  const daemon = body({ pidFile: place.file('a.pid'), stopTimeout: 100 }).with({ signal: controller.signal })
  const starting = daemon.start('never', place.file('up'))
  await until(() => place.processes().length > 0 && place.read('up'), 'the body').catch(() => {})
  controller.abort(new Error('enough'))
  t.is((await t.throwsAsync(starting)).message, 'enough')
  await nothingLeft(t, place)
})

test.serial('an aborted wait for the lock starts nothing', async (t) => {
  const place = folder(t)
  const daemon = body({ pidFile: place.file('a.pid'), lockTimeout: Infinity })
  const { pid } = await daemon.start('serve')
  const controller = new AbortController()
  const waiting = daemon.with({ signal: controller.signal }).start('serve')
  setImmediate(() => setImmediate(() => controller.abort(new Error('enough'))))
  t.is((await t.throwsAsync(waiting)).message, 'enough')
  t.deepEqual(place.processes(), [pid])
  await t.throwsAsync(daemon.with({ signal: AbortSignal.abort(new Error('before')) }).start('serve'), {
    message: 'before',
  })
})

test.serial(
  "ready: 'manual' waits for the body's word, ready: 'running' for nothing but its beginning",
  async (t) => {
    const { file } = folder(t)
    process.env.READY = 'manual'
    t.teardown(() => delete process.env.READY)
    const manual = body({ pidFile: file('a.pid'), readyTimeout: 300, ready: 'manual' })
    const error = await t.throwsAsync(manual.start('serve'), { instanceOf: ReadyTimeoutError })
    t.regex(error.message, /context\.ready\(\)/)
    process.env.READY = 'running'
    t.like(await body({ pidFile: file('b.pid'), ready: 'running' }).start('never'), { state: 'running' })
  },
)
