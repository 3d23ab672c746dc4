// What a failed start tells: of the log, and of what has been thrown.
import test from 'ava'
import { failure, nothingLeft } from '../helpers/failures.js'
import { fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

test.serial('a thrown value that is no error is told by its text', async (t) => {
  const error = await failure(t, folder(t), {}, 'text')
  t.is(error.cause.message, 'only text')
  t.is(error.exitCode, 1)
})

needs('output without a log')('a wrong flag for Node is told by the log alone', async (t) => {
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
