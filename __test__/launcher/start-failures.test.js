import { once } from 'node:events'
import { createServer } from 'node:http'
import test from 'ava'
import { Daemon, StartFailedError } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { fixture, folder, KERNEL_TELLS } from '../helpers/index.js'
import { idle } from '../helpers/pidfile.js'

/** Nothing is left: no process, no pidfile, no lock, and the next start works. */
async function nothingLeft(t, place) {
  t.deepEqual(place.processes(), [])
  const daemon = idle(place)
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: place.file('a.pid'), stale: false })
  const { pid } = await daemon.start()
  t.deepEqual(place.processes(), [pid])
  await daemon.stop()
}

/** How the start of such a daemon fails. */
async function failure(t, place, options, ...args) {
  const daemon =
    'script' in options
      ? new Daemon({ pidFile: place.file('a.pid'), ...options })
      : body({ pidFile: place.file('a.pid'), ...options })
  const error = await t.throwsAsync(daemon.start(...args), { instanceOf: StartFailedError })
  t.like(error, { code: 'ERR_DAEMON_START_FAILED', step: 'ready', pidFile: place.file('a.pid') })
  await nothingLeft(t, place)
  return error
}

/** One test without a log, and one with: there the error's tail is what is in the file. */
function bothWays(title, check) {
  for (const log of [undefined, 'a.log']) {
    test.serial(`${title}, ${log ? 'with' : 'without'} a log`, async (t) => {
      const place = folder(t)
      const error = await check(t, place, log === undefined ? {} : { log: place.file(log) })
      if (log !== undefined) t.is(error.log ?? '', place.read(log).trimEnd())
    })
  }
}

bothWays('a body that throws at once is the cause of the failed start', async (t, place, options) => {
  const error = await failure(t, place, options, 'throw')
  t.like(error, { exitCode: 1, exitSignal: undefined })
  t.like(error.cause, { name: 'TypeError', message: 'boom', code: 'E_BOOM' })
  t.true(error.cause instanceof Error)
  t.regex(error.cause.stack, /body\.js/)
  t.regex(error.message, /exited with code 1 before it was ready: TypeError: boom/)
  t.regex(error.log, /TypeError: boom/)
  return error
})

bothWays('so is one that rejects later', async (t, place, options) => {
  const error = await failure(t, place, options, 'later')
  t.like(error, { exitCode: 1, exitSignal: undefined })
  t.like(error.cause, { name: 'RangeError', message: 'boom later' })
  t.regex(error.cause.stack, /body\.js/)
  return error
})

bothWays('so is one that throws out of a callback before it is ready', async (t, place, options) => {
  const error = await failure(t, place, options, 'uncaught')
  t.is(error.exitCode, 1)
  t.like(error.cause, { message: 'out of the blue' })
  return error
})

test.serial('a thrown value that is no error is told by its text', async (t) => {
  const error = await failure(t, folder(t), {}, 'text')
  t.is(error.cause.message, 'only text')
  t.is(error.exitCode, 1)
})

bothWays('process.exit(42) before ready is told with its code', async (t, place, options) => {
  const error = await failure(t, place, options, 'exit')
  t.like(error, { exitCode: 42, exitSignal: undefined, cause: undefined })
  return error
})

test.serial('process.exit(0) before ready is a failed start, too', async (t) => {
  t.like(await failure(t, folder(t), {}, 'leave', 0), { exitCode: 0, cause: undefined })
})

test.serial('so is a body that is not ready when nothing is left to be done', async (t) => {
  const error = await failure(t, folder(t), {}, 'hang')
  t.like(error, { exitCode: 13, exitSignal: undefined })
  t.regex(error.message, /ran dry before the daemon was ready/)
})

test.serial(
  'a top-level await that never settles fails the start with the code that Node has for it',
  async (t) => {
    const place = folder(t)
    const program = place.write(
      'a.mjs',
      `import { daemonize } from "DAIMON"
     await daemonize({ pidFile: 'a.pid' }).catch(({ exitCode, message }) => {
       console.log(exitCode, message)
       process.exit(1)
     })
     await new Promise(() => {})`,
    )
    const { code, stdout } = await place.node([program])
    t.is(code, 1)
    t.regex(stdout, /^13 .*ran dry before the daemon was ready/)
    t.deepEqual(place.processes(), [])
  },
)

for (const [way, signal] of [
  ['die', 'SIGKILL'],
  ['abort', 'SIGABRT'],
]) {
  bothWays(`a daemon that ${signal} ends before ready is told by its signal`, async (t, place, options) => {
    const error = await failure(t, place, options, way)
    t.is(error.exitCode, undefined)
    t.is(error.exitSignal, KERNEL_TELLS ? signal : undefined)
    if (KERNEL_TELLS) t.regex(error.message, new RegExp(signal))
    return error
  })
}

for (const host of ['127.0.0.1', 'localhost']) {
  bothWays(
    `a port in use on ${host} fails a start that did not await listen()`,
    async (t, place, options) => {
      const server = createServer()
      await new Promise((resolve) => server.listen(0, host, resolve))
      t.teardown(() => server.close())
      const { port } = server.address()
      const error = await failure(t, place, options, 'listen', port, host)
      t.like(error.cause, { code: 'EADDRINUSE', syscall: 'listen', port })
      t.is(error.exitCode, 1)
      t.regex(error.log, /EADDRINUSE/)
      return error
    },
  )
}

for (const name of ['syntax.mjs', 'syntax.cjs']) {
  bothWays(`a syntax error in ${name} is shown, with its place`, async (t, place, options) => {
    const error = await failure(t, place, { ...options, script: fixture(`invalid/${name}`) })
    t.is(error.exitCode, 1)
    t.is(error.cause?.name, 'SyntaxError')
    t.regex(error.message, /SyntaxError/)
    t.regex(error.log, new RegExp(name.replace('.', '\\.')))
    t.regex(error.log, /const = 1/)
    return error
  })
}

for (const [name, text, code] of [
  ['a.mjs', "import './missing.mjs'", 'ERR_MODULE_NOT_FOUND'],
  ['a.cjs', "require('./missing.cjs')", 'MODULE_NOT_FOUND'],
]) {
  bothWays(`a missing import of ${name} is the cause`, async (t, place, options) => {
    const error = await failure(t, place, { ...options, script: place.write(name, text) })
    t.is(error.exitCode, 1)
    t.is(error.cause.code, code)
    t.regex(error.cause.message, /missing\.[cm]js/)
    return error
  })
}

test.serial('a script that is missing is the cause', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: place.file('nowhere.mjs') })
  const error = await t.throwsAsync(daemon.start())
  t.regex(error.message, /nowhere\.mjs/)
  await nothingLeft(t, place)
})

test.serial('a wrong flag for Node is told by the log alone', async (t) => {
  const place = folder(t)
  const options = { script: fixture('launcher/plain.js'), execArgv: ['--no-such-flag'] }
  const error = await failure(t, place, options)
  // Node ends so fast that init may have reaped it before anybody could get a handle on it.
  t.true(error.exitCode === undefined || error.exitCode === 9)
  t.regex(error.log, /no-such-flag/)
})

test.serial('only what this start has written is shown of a log', async (t) => {
  const place = folder(t)
  const log = place.write('a.log', 'an older line\n')
  const error = await failure(t, place, { script: fixture('invalid/syntax.mjs'), log })
  t.notRegex(error.log, /an older line/)
  t.regex(place.read('a.log'), /^an older line\n.*SyntaxError/s)
})

test.serial('the tail of a long log is its last whole lines', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `for (let line = 0; line < 5000; line++) console.log('line ' + line + ' of the log')
     process.exit(3)`,
  )
  const error = await failure(t, place, { script, log: place.file('a.log') })
  const lines = error.log.split('\n')
  t.is(lines.at(-1), 'line 4999 of the log')
  t.deepEqual(
    lines.filter((line) => !/^line \d+ of the log$/.test(line)),
    [],
  )
  t.true(lines.length > 10 && lines.length < 1000)
})

test.serial('a program that is uncaught about its failed start exits with 1 and says why', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `import { daemonize } from "DAIMON"
     await daemonize({ pidFile: 'a.pid' })
     throw new TypeError('no luck')`,
  )
  const { code, stderr } = await place.node([program])
  t.is(code, 1)
  t.regex(stderr, /TypeError: no luck/)
  t.regex(stderr, /ERR_DAEMON_START_FAILED/)
  await nothingLeft(t, place)
})

/** A thrown value, and what the launcher is told of it. */
const THROWN = {
  "Object.defineProperty(new RangeError('kept'), 'stack', { get() { throw 1 } })": /RangeError: kept$/,
  "Object.defineProperty(new RangeError('kept'), 'name', { get() { throw 1 } })": /Error: kept$/,
  "Object.defineProperty(new Error('x'), 'message', { get() { throw 1 } })": /cannot be shown/,
  "Object.defineProperty(new Error('kept'), 'code', { get() { throw 1 } })": /Error: kept$/,
  "{ message: 'kept' }": /Error: kept$/,
  '{ get stack() { throw 1 } }': /cannot be shown as text: \{ stack: \[Getter\] \}$/,
  'Object.create(null)': /cannot be shown as text: \[Object: null prototype\] \{\}$/,
  "Symbol('kept')": /Symbol\(kept\)$/,
  "new Proxy(new Error('kept'), { get() { throw 1 }, getPrototypeOf() { throw 1 } })": /Error: kept/,
  '(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()':
    /<Revoked Proxy>$/,
  "'kept '.repeat(100_000)": /: (kept )+\w*…$/,
}

for (const [thrown, told] of Object.entries(THROWN)) {
  test.serial(`what can be read of a thrown value is told, and the exit code is 1: ${thrown}`, async (t) => {
    const place = folder(t)
    const error = await failure(t, place, { script: place.write('a.cjs', `throw (${thrown})`) })
    t.like(error, { exitCode: 1, exitSignal: undefined })
    t.regex(error.message, told)
  })
}

/** Says that it has failed as many programs do, and goes on only where it is told so. */
const BUSY = `main().catch((error) => {
  console.error(error.message)
  process.exitCode = 3
  if (process.env.GOES_ON) setInterval(() => {}, 1e6)
})
async function main() {
  await once(createServer().listen(Number(process.env.BUSY_PORT)), 'listening')
}`
const IMPORTS = "import { once } from 'node:events'; import { createServer } from 'node:http'; "
const REQUIRES = "const { once } = require('node:events'), { createServer } = require('node:http'); "
const LAUNCH = `const { code, exitCode, state, message } = await daemon.start().catch((error) => error)
  console.log(JSON.stringify({ code, exitCode, state, message }))`
const script = (name) => `import { Daemon } from "DAIMON"
  const daemon = new Daemon({ pidFile: 'a.pid', script: '${name}' })
  ${LAUNCH}`
const FORMS = {
  'an ES module': script('a.mjs'),
  'a CommonJS module': script('a.cjs'),
  'a run()': `import { Daemon } from "DAIMON"
    ${IMPORTS}
    const daemon = new Daemon({ pidFile: 'a.pid', run() { ${BUSY} } })
    ${LAUNCH}`,
  'daemonize()': `import { daemonize } from "DAIMON"
    ${IMPORTS}
    const launched = await daemonize({ pidFile: 'a.pid', exit: false }).catch((error) => error)
    if (launched.role === 'daemon') { ${BUSY} }
    const { code, exitCode, state, message } = launched
    if (launched.role !== 'daemon') console.log(JSON.stringify({ code, exitCode, state, message }))`,
}

for (const [name, program] of Object.entries(FORMS)) {
  test.serial(`${name} that fails at once by process.exitCode alone is a failed start`, async (t) => {
    const place = folder(t)
    place.write('a.mjs', IMPORTS + BUSY)
    place.write('a.cjs', REQUIRES + BUSY)
    const server = createServer().listen()
    t.teardown(() => server.close())
    await once(server, 'listening')
    const start = async (more) => {
      const env = { BUSY_PORT: String(server.address().port), ...more }
      return JSON.parse((await place.node([place.write('p.mjs', program)], { env })).stdout)
    }
    const failed = await start({})
    t.like(failed, { code: 'ERR_DAEMON_START_FAILED', exitCode: 3 })
    t.regex(failed.message, /exited with code 3 before it was ready; the last line .*EADDRINUSE/)
    await nothingLeft(t, place)
    // Whoever goes on serves.
    t.is((await start({ GOES_ON: '1' })).state, 'running')
    t.like(await idle(place).stop(), { wasRunning: true, forced: false })
  })
}

for (const [what, text] of Object.entries({
  'has threads at work': "crypto.scrypt('a', 'b', 64, () => setInterval(() => {}, 1e6))",
  'has a worker': "new worker_threads.Worker('setInterval(() => {}, 1e6)', { eval: true })",
  serves: 'http.createServer().listen()',
})) {
  test.serial(`a program that has set a failing code beforehand and ${what} is ready`, async (t) => {
    const place = folder(t)
    const requires = ['crypto', 'http', 'worker_threads'].map(
      (name) => `const ${name} = require('node:${name}')\n`,
    )
    const daemon = idle(place, {
      script: place.write('a.cjs', `${requires.join('')}process.exitCode = 1\n${text}`),
    })
    t.is((await daemon.start()).state, 'running')
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
  })
}
