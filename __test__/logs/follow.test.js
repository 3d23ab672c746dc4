// The lines of a log that are still to come.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { readLogs } from '../../build/logs/index.js'
import { validateOptions } from '../../build/options/validate.js'
import { Daemon } from '../../dist/index.js'
import { folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { all, control, open } from '../helpers/reading.js'

/** Follows a log; `next()` is the next line. */
function follow(t, daemon, options) {
  return reading(t, daemon.logs({ lines: 0, follow: true, ...options }))
}

/** Follows `a.log` from its last line on; `moments` are what happens between two steps of the reader. */
function followWith(t, place, moments) {
  const settings = validateOptions({ pidFile: place.file('a.pid'), log: place.file('a.log') }, 'Daemon')
  return reading(t, readLogs(settings, { lines: 1, follow: true, signal: undefined }, moments))
}

/** A function that does something once. */
function once(act) {
  let left = act
  return () => {
    const now = left
    left = () => {}
    now()
  }
}

function reading(t, lines) {
  const iterator = lines[Symbol.asyncIterator]()
  t.teardown(() => void iterator.return().catch(() => {}))
  return {
    next: async () => (await iterator.next()).value,
    end: () => iterator.return(),
  }
}

test.serial('following gives the last lines, then the new ones, and waits for their ends', async (t) => {
  const place = folder(t)
  place.write('a.log', 'one\ntwo\nth')
  const log = follow(t, control(place), { lines: 1 })
  t.is(await log.next(), 'two')
  const next = log.next()
  appendFileSync(place.file('a.log'), 'ree')
  appendFileSync(place.file('a.log'), '\nfour\n')
  t.is(await next, 'three')
  t.is(await log.next(), 'four')
})

test.serial('following begins before the log and its folder are there', async (t) => {
  const place = folder(t)
  const log = follow(t, control(place, { log: place.file('later/a.log') }), { lines: 1 })
  const next = log.next()
  mkdirSync(place.file('later'))
  writeFileSync(place.file('later/a.log'), 'first\n')
  t.is(await next, 'first')
})

needs('/proc')('following stays with the old file until there is something in the new one', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', 'old\n')
  const log = follow(t, control(place), { lines: 1 })
  t.is(await log.next(), 'old')
  // logrotate renames it and makes a new one; the daemon learns of it later.
  renameSync(file, `${file}.1`)
  let next = log.next()
  appendFileSync(`${file}.1`, 'while it was missing\n')
  t.is(await next, 'while it was missing')
  place.write('a.log', '')
  for (const line of ['before SIGHUP', 'still before', 'and still']) {
    next = log.next()
    appendFileSync(`${file}.1`, `${line}\n`)
    t.is(await next, line)
  }
  next = log.next()
  appendFileSync(`${file}.1`, 'torn ')
  appendFileSync(file, 'line\nnew\n')
  appendFileSync(`${file}.1`, '')
  t.is(await next, 'torn line')
  t.is(await log.next(), 'new')
  t.deepEqual(open(place), [file])
})

test.serial('what was on its way to the old file is not lost', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', 'old\n')
  // It arrives while the reader waits for just that.
  const awaitingLateWrites = once(() => appendFileSync(`${file}.1`, 'late\n'))
  const log = followWith(t, place, { opened() {}, awaitingLateWrites })
  t.is(await log.next(), 'old')
  renameSync(file, `${file}.1`)
  const next = log.next()
  place.write('a.log', 'new\n')
  t.is(await next, 'late')
  t.is(await log.next(), 'new')
})

needs('rotation by size')(
  'several rotations between two looks, with compression, lose and double nothing',
  async (t) => {
    const place = folder(t)
    const log = { file: place.file('a.log'), maxSize: 40, keep: 9, compress: true }
    const script = place.write(
      'a.mjs',
      `let number = 0
     process.on('SIGUSR2', () => console.log(String(number++).padEnd(39, '.')))
     setInterval(() => {}, 1e6)`,
    )
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script, log })
    await daemon.start()
    // For a moment there are both, the plain one and the compressed.
    const logs = () => new Set(readdirSync(place.path).map((name) => /^a\.log(\.\d+)?/.exec(name)?.[0])).size
    const tell = async (rotations) => {
      for (let number = 0; number < rotations; number++) {
        const before = logs()
        await daemon.signal('SIGUSR2')
        await until(() => logs() > before, 'a rotation')
      }
    }
    await tell(1)
    const reader = follow(t, daemon, { lines: 1 })
    const number = async () => Number.parseInt(await reader.next(), 10)
    t.is(await number(), 0)
    await tell(5)
    for (const expected of [1, 2, 3, 4, 5]) t.is(await number(), expected)
    const next = number()
    await tell(2)
    t.is(await next, 6)
    t.is(await number(), 7)
  },
)

for (const [unit, cut] of [
  ['seconds', 2_000],
  ['milliseconds', 2_000.123],
]) {
  test.serial(`a log is known again whose time a compressor has cut to ${unit}`, async (t) => {
    const place = folder(t)
    const [path, rotated] = [place.write('a.log', 'one\n'), place.file('a.log.1')]
    utimesSync(path, 1_000, 1_000)
    const log = follow(t, control(place), { lines: 1 })
    t.is(await log.next(), 'one')
    const [two, three, four] = [log.next(), log.next(), log.next()]
    appendFileSync(path, 'two\n')
    utimesSync(path, 2_000.123_456, 2_000.123_456)
    renameSync(path, rotated)
    writeFileSync(`${rotated}.gz`, gzipSync('one\ntwo\n'))
    utimesSync(`${rotated}.gz`, cut, cut)
    rmSync(rotated)
    writeFileSync(path, 'three\nfour\n')
    t.deepEqual([await two, await three, await four], ['two', 'three', 'four'])
  })
}

test.serial('several rotations while the reader looks for new files change no order', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  let age = 1_000
  const rotate = (text) => {
    for (const number of [4, 3, 2, 1]) {
      const from = `${file}.${number}`
      if (existsSync(from)) renameSync(from, `${file}.${number + 1}`)
    }
    if (existsSync(file)) renameSync(file, `${file}.1`)
    place.write('a.log', text)
    utimesSync(file, 0, age++)
  }
  rotate('a\n')
  let rotateMeanwhile = () => {}
  const opened = (number) => number === 0 && rotateMeanwhile()
  const log = followWith(t, place, { opened, awaitingLateWrites() {} })
  t.is(await log.next(), 'a')
  rotateMeanwhile = once(() => {
    for (const text of ['c\n', 'd\n', 'e\n']) rotate(text)
  })
  const next = log.next()
  rotate('b\n')
  t.is(await next, 'b')
  for (const line of ['c', 'd', 'e']) t.is(await log.next(), line)
})

test.serial('a log that somebody truncates is read from its beginning', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', 'a long line before\nhalf')
  const log = follow(t, control(place), { lines: 1 })
  t.is(await log.next(), 'a long line before')
  const next = log.next()
  truncateSync(file, 0)
  // The reader learns of the new size before there is more than it has read.
  appendFileSync(file, 'short\n')
  t.is(await next, 'short')
})

needs('removal of open files')('a log that is removed and made anew goes on', async (t) => {
  const place = folder(t)
  utimesSync(place.write('a.log.1', 'older\n'), 1, 1)
  const file = place.write('a.log', 'old\n')
  const log = follow(t, control(place), { lines: 1 })
  t.is(await log.next(), 'old')
  rmSync(file)
  const next = log.next()
  place.write('a.log', 'new\n')
  t.is(await next, 'new')
})

needs('/proc')('leaving the loop, or an abort, closes everything', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', 'one\n')
  const daemon = control(place)
  let seen
  for await (const line of daemon.logs({ follow: true })) {
    seen = [line, open(place)]
    break
  }
  t.deepEqual(seen, ['one', [file]])
  t.deepEqual(open(place), [])

  const abort = new AbortController()
  const log = follow(t, daemon.with({ signal: abort.signal }), { lines: 1 })
  t.is(await log.next(), 'one')
  const reason = new Error('enough')
  const next = log.next()
  abort.abort(reason)
  t.is(await t.throwsAsync(next), reason)
  t.deepEqual(open(place), [])
  t.is(await t.throwsAsync(all(daemon.logs({ signal: abort.signal }))), reason)

  const program = place.write(
    'follow.mjs',
    `import { Daemon } from "DAIMON"
     for await (const line of new Daemon({ name: 'x', log: 'a.log' }).logs({ follow: true })) {
       console.log(line)
       break
     }`,
  )
  t.like(await place.node([program]), { code: 0, stdout: 'one\n', stderr: '' }, 'nothing keeps it alive')
})
