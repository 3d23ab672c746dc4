// Starts that fail, and their causes.
import { createServer } from 'node:http'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { failure, nothingLeft } from '../helpers/failures.js'
import { fixture, folder, KERNEL_TELLS } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** One test without a log, and one with: there the error's tail is what is in the file. */
function bothWays(title, check, ...needed) {
  for (const log of [undefined, 'a.log']) {
    const all = log === undefined ? [...needed, 'output without a log'] : needed
    needs(...all)(`${title}, ${log ? 'with' : 'without'} a log`, async (t) => {
      const place = folder(t)
      const error = await check(t, place, log === undefined ? {} : { log: place.file(log) })
      if (log !== undefined) t.is(error.log ?? '', place.read(log).trimEnd().replaceAll('\r\n', '\n'))
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
  const title = `a daemon that ${signal} ends before ready is told by its signal`
  const check = async (t, place, options) => {
    const error = await failure(t, place, options, way)
    t.is(error.exitCode, undefined)
    t.is(error.exitSignal, KERNEL_TELLS ? signal : undefined)
    if (KERNEL_TELLS) t.regex(error.message, new RegExp(signal))
    return error
  }
  bothWays(title, check, 'signals of Unix')
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
