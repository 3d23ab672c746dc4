// Starts that fail: the daemon's own error, its exit code, its log; progress and readiness.
import { mkdirSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import test from 'ava'
import { ReadyTimeoutError } from '../../dist/index.js'
import { passGate } from '../helpers/gate.js'
import { fixture, folder, until } from '../helpers/index.js'
import { bodied, control, hasEnded } from '../helpers/windows-daemons.js'

const INLINE = fixture('windows/inline.mjs')

async function failed(place, ...args) {
  const { code, stdout, stderr } = await place.node([INLINE, ...args])
  return { launcher: code, ...JSON.parse(stdout || JSON.stringify({ stderr })) }
}

test.serial('a port in use fails daemonize() with the error of listen()', async (t) => {
  const place = folder(t)
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const error = await failed(place, 'listen', server.address().port)
  t.like(error, { launcher: 1, code: 'ERR_DAEMON_START_FAILED', exitCode: 1, cause: 'EADDRINUSE' })
  t.regex(error.log, /EADDRINUSE/)
  await hasEnded(t, place)
})

test.serial('so does an error that is thrown, and an exit code', async (t) => {
  const place = folder(t)
  t.like(await failed(place, 'throw'), { exitCode: 1, cause: 'RangeError' })
  t.like(await failed(place, 'exit', 42), { code: 'ERR_DAEMON_START_FAILED', exitCode: 42, cause: undefined })
  await hasEnded(t, place)
})

for (const kind of ['mjs', 'cjs']) {
  test.serial(`so does a syntax error in ${kind}, with its place`, async (t) => {
    const place = folder(t)
    const script = fixture(`invalid/syntax.${kind}`)
    const error = await t.throwsAsync(control(place, { script, log: place.file('a.log') }).start())
    t.like(error, { code: 'ERR_DAEMON_START_FAILED', exitCode: 1 })
    t.is(error.cause.name, 'SyntaxError')
    t.regex(error.log, new RegExp(`syntax\\.${kind}`))
    await hasEnded(t, place)
  })
}

test.serial(
  'without a log the error has the error output all the same, of which nothing is left',
  async (t) => {
    const place = folder(t)
    const temporary = place.file('temporary')
    mkdirSync(temporary)
    const { TEMP, TMP } = process.env
    Object.assign(process.env, { TEMP: temporary, TMP: temporary })
    t.teardown(() => Object.assign(process.env, { TEMP, TMP }))
    const error = await t.throwsAsync(control(place, { script: fixture('invalid/syntax.mjs') }).start())
    t.like(error, { code: 'ERR_DAEMON_START_FAILED', exitCode: 1 })
    t.regex(error.log, /syntax\.mjs/)
    await until(() => readdirSync(temporary).length === 0, 'the removal of its output')
    const script = place.write('says.cjs', "console.error('x'.repeat(1e6)); setInterval(() => {}, 1e6)")
    const daemon = control(place, { script })
    await daemon.start()
    t.is(readdirSync(temporary).length, 1)
    await daemon.stop()
    await until(() => readdirSync(temporary).length === 0, 'the removal of its output')
  },
)

test.serial('a daemon that is never ready is ended after readyTimeout', async (t) => {
  const place = folder(t)
  t.like(await failed(place, 'never'), { code: 'ERR_DAEMON_READY_TIMEOUT', timeout: 1_000 })
  await hasEnded(t, place)
})

test.serial('even if its event loop is busy', async (t) => {
  const place = folder(t)
  const daemon = bodied(place, { readyTimeout: 2_000, stopTimeout: 100 })
  await t.throwsAsync(daemon.start('block', place.file('begun')), { instanceOf: ReadyTimeoutError })
  await hasEnded(t, place)
})

test.serial('the launcher hears of progress, and of ready when the daemon says so', async (t) => {
  const place = folder(t)
  const gate = JSON.stringify(new URL('../fixtures/gate.mjs', import.meta.url).href)
  place.write(
    'slow.mjs',
    `import { Daemon } from "DAIMON"
     import { gate } from ${gate}
     Daemon.current.notify('half of it')
     await gate()
     setInterval(() => {}, 1e6)
     Daemon.current.ready()`,
  )
  const heard = []
  const note = (text) => heard.push(text)
  const logger = { debug: note, info: note, warn: note, error: note }
  const options = { script: place.file('slow.mjs'), cwd: place.path, ready: 'manual', logger }
  const daemon = control(place, options)
  const starting = daemon.start()
  await until(() => heard.includes('half of it'), 'the progress')
  await passGate(t, place, daemon)
  const { pid, ...more } = await starting
  t.false('starting' in more)
  t.like(await daemon.status(), { state: 'running', pid, starting: undefined })
  await daemon.stop()
})
