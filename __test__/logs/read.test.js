// The lines of a log that are there, and what cannot be read.
import { appendFileSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { all, control, open } from '../helpers/reading.js'

const numbers = (from, to) => Array.from({ length: to - from }, (_, index) => `${from + index}`)

const text = (from, to) => numbers(from, to).join('\n').concat('\n')

test.serial('the last ten lines come, or as many as are asked for', async (t) => {
  const place = folder(t)
  place.write('a.log', text(0, 20))
  const daemon = control(place)
  t.deepEqual(await all(daemon.logs()), numbers(10, 20))
  t.deepEqual(await all(daemon.logs({})), numbers(10, 20))
  for (const lines of [0, 1, 19, 20]) t.deepEqual(await all(daemon.logs({ lines })), numbers(20 - lines, 20))
  for (const lines of [21, Infinity]) t.deepEqual(await all(daemon.logs({ lines })), numbers(0, 20))
  t.deepEqual(open(place), [])
})

test.serial('the last lines reach back into rotated logs, compressed ones included', async (t) => {
  const place = folder(t)
  place.write('a.log', text(30, 40))
  place.write('a.log.1', text(20, 30))
  writeFileSync(place.file('a.log.2.gz'), gzipSync(text(10, 20)))
  // What has been compressed has the time of what it was made from.
  utimesSync(place.file('a.log.2.gz'), 1, 1)
  // Being compressed: both hold the same.
  place.write('a.log.3', text(0, 10))
  writeFileSync(place.file('a.log.3.gz'), gzipSync(text(0, 10)).subarray(0, 15))
  place.write('a.log.x', 'not a rotated log\n')
  const daemon = control(place)
  for (const lines of [5, 10, 11, 20, 21, 29, 30, 31, 40]) {
    t.deepEqual(await all(daemon.logs({ lines })), numbers(40 - lines, 40), `${lines}`)
  }
  t.deepEqual(await all(daemon.logs({ lines: Infinity })), numbers(0, 40))
  t.deepEqual(open(place), [])
})

needs('line feeds alone')(
  'lines are whole: long ones, with characters of many bytes, or torn by a rotation',
  async (t) => {
    const place = folder(t)
    const long = '€'.repeat(100_000)
    place.write('a.log', `and after\n${long}\n\n\r\nend`)
    place.write('a.log.1', 'first\nbefore ')
    const lines = ['first', 'before and after', long, '', '\r', 'end']
    for (const count of [1, 2, 3, 4, 5, 6, 7]) {
      t.deepEqual(await all(control(place).logs({ lines: count })), lines.slice(-count))
    }
  },
)

test.serial(
  'a line that a rotation has torn counts once while the new log is empty, or missing',
  async (t) => {
    const place = folder(t)
    place.write('a.log.1', 'one\ntwo\nhalf')
    const daemon = control(place)
    const check = async () => {
      for (const lines of [1, 2, 3]) {
        t.deepEqual(await all(daemon.logs({ lines })), ['one', 'two', 'half'].slice(-lines), `${lines}`)
      }
    }
    await check()
    place.write('a.log', '')
    await check()
    writeFileSync(place.file('a.log.1.gz'), gzipSync('one\ntwo\nhalf'))
    rmSync(place.file('a.log.1'))
    await check()
  },
)

test.serial('a line that is being written is given whole', async (t) => {
  const place = folder(t)
  place.write('a.log', 'one\ntw')
  const iterator = control(place).logs()[Symbol.asyncIterator]()
  t.is((await iterator.next()).value, 'one')
  appendFileSync(place.file('a.log'), 'o\nthree\n')
  t.deepEqual(await iterator.next(), { value: 'two', done: false })
  t.true((await iterator.next()).done)
})

test.serial('without any log there are no lines', async (t) => {
  const place = folder(t)
  t.deepEqual(await all(control(place).logs()), [])
  t.deepEqual(await all(control(place, { log: place.file('missing/a.log') }).logs()), [])
})

test.serial('options of logs() are checked at once', (t) => {
  const daemon = control(folder(t))
  for (const [option, value] of [
    ['lines', -1],
    ['lines', 1.5],
    ['lines', '10'],
    ['lines', NaN],
    ['follow', 1],
    ['signal', {}],
    ['line', 1],
    ['stopTimeout', 1],
  ]) {
    const error = t.throws(() => daemon.logs({ [option]: value }), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.like(error, { option, value })
  }
  t.throws(() => daemon.logs(5), { code: 'ERR_DAEMON_INVALID_OPTION' })
})

needs('/proc')('without a log of its own a Daemon asks the running one, on Linux', async (t) => {
  const place = folder(t)
  const script = place.write('a.mjs', "console.log('hello')\nsetInterval(() => {}, 1e6)")
  const options = { pidFile: place.file('a.pid') }
  const stranger = new Daemon(options)
  const refused = { code: 'ERR_DAEMON_INVALID_OPTION' }
  t.like(await t.throwsAsync(all(stranger.logs()), { ...refused, message: /no daemon runs/ }), {
    option: 'log',
  })
  const daemon = new Daemon({ ...options, script, stdout: place.file('out') })
  await daemon.start()
  t.deepEqual(await all(stranger.logs()), ['hello'])
  t.deepEqual(await all(daemon.logs()), ['hello'])
  rmSync(place.file('out'))
  await t.throwsAsync(all(stranger.logs()), { ...refused, message: /goes to .*out \(deleted\)/ })
  await daemon.stop()
  const silent = new Daemon({ ...options, script })
  await silent.start()
  await t.throwsAsync(all(silent.logs()), { ...refused, message: /goes to \/dev\/null/ })
})

test.serial('what cannot be read is refused by name', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('a.log'))
  const error = await t.throwsAsync(all(control(place).logs()), { code: 'ERR_DAEMON_INVALID_OPTION' })
  t.like(error, { option: 'log', value: place.file('a.log') })
  t.regex(error.message, /a\.log is no regular file/)
  // No system call has failed.
  t.is(error.cause.code, undefined)
})

needs('root', 'setpriv')('a log that may not be read is a PermissionDenied', async (t) => {
  const place = folder(t)
  place.write('a.log', 'secret\n')
  const program = place.write(
    'read.mjs',
    `import { Daemon } from "DAIMON"
     const lines = new Daemon({ pidFile: '/tmp/x.pid', log: process.argv[2] }).logs()
     for await (const line of lines) console.log(line)`,
  )
  await place.command('chmod', ['-R', 'go=,go+X', place.path])
  const args = ['--reuid=65534', '--clear-groups', process.execPath, program, place.file('a.log')]
  await place.command('chmod', ['711', place.path])
  await place.command('chmod', ['644', program])
  const { code, stderr } = await place.command('setpriv', args)
  t.is(code, 1)
  t.regex(stderr, /PermissionDeniedError: The log .*a\.log cannot be read: EACCES/)
})

test.serial('in a daemon logs() on its own Daemon claims, and on another only looks', async (t) => {
  const place = folder(t)
  place.write('other.log', 'other\n')
  const program = fixture('logs/claims.mjs')
  t.like(await place.node([program]), { code: 0, stderr: '', stdout: 'other\n' })
  t.is(place.read('own.log'), 'other\nbody\n')
  const own = new Daemon({ pidFile: place.file('own.pid'), log: place.file('own.log') })
  t.deepEqual(await all(own.logs()), ['other', 'body'])
  t.false(readdirSync(place.path).includes('wrong'))
})
