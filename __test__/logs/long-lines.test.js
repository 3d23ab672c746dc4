// A line without a bound: a progress bar, a dump, a hole that another tool's truncation has left.
import { appendFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { Lines } from '../../build/logs/lines.js'
import { PackedLog } from '../../build/logs/packed.js'
import { Daemon } from '../../dist/index.js'
import { fixture, folder, until } from '../helpers/index.js'

const LONGEST = 1_048_576
const PART = LONGEST / 2
/** Far more than a Node.js that reads a small log, far less than the lines of these tests. */
const MEMORY = 200

const control = (place) => new Daemon({ pidFile: place.file('a.pid'), log: place.file('a.log') })
const marked = (count) => `[… ${count} bytes left out …]`

async function all(lines) {
  const seen = []
  for await (const line of lines) seen.push(line)
  return seen
}

/** What a process of its own reads, and the memory that it takes, in MB. */
async function read(place, count) {
  const { stdout, stderr } = await place.node([
    fixture('logs/read-log.js'),
    place.file('a.log'),
    String(count),
  ])
  return stdout === '' ? { stderr } : JSON.parse(stdout)
}

test.serial('a line of 600 MB is shown by its ends, in bounded memory', async (t) => {
  const place = folder(t)
  place.write('a.log', 'first\nbegin')
  truncateSync(place.file('a.log'), 600_000_000)
  appendFileSync(place.file('a.log'), 'end\nlast\n')
  const { lines, memory } = await read(place, 3)
  t.is(lines[0].begin, 'first')
  t.like(lines[1], { begin: 'begin'.padEnd(20, '\0'), end: 'end'.padStart(20, '\0') })
  t.is(Number(lines[1].mark), 600_000_000 - 'first\n'.length + 'end'.length - LONGEST)
  t.is(lines[2].begin, 'last')
  t.true(memory < MEMORY, `${memory} MB`)
})

test.serial('a compressed log that holds far more than its size is read in bounded memory', async (t) => {
  const place = folder(t)
  place.write('a.log', 'last\n')
  place.write('a.log.1', 'before\n')
  writeFileSync(place.file('a.log.2.gz'), gzipSync(Buffer.alloc(400_000_000), { level: 1 }))
  const { lines, memory } = await read(place, 3)
  t.is(lines[0].mark, String(400_000_000 + 'before'.length - LONGEST))
  t.is(lines[0].end, 'before'.padStart(20, '\0'))
  t.is(lines[1].begin, 'last')
  t.true(memory < MEMORY, `${memory} MB`)
})

test.serial(
  'who gives up while lines of a compressed log are passed over does not wait for its end',
  async (t) => {
    const place = folder(t)
    writeFileSync(place.file('a.log.2.gz'), gzipSync('\n'.repeat(1_000_000)))
    const handle = await open(place.file('a.log.2.gz'))
    const log = new PackedLog(handle, await handle.stat({ bigint: true }))
    await log.seekBack(2, () => {})
    let looks = 0
    const giveUp = () => {
      if (++looks === 3) throw new Error('enough')
    }
    await t.throwsAsync(log.read(giveUp), { message: 'enough' })
    await log.close()
  },
)

test.serial('a line of 1 MiB is whole, and a longer one lacks its middle', async (t) => {
  const place = folder(t)
  const text = (length) => `${'a'.repeat(PART)}${'b'.repeat(length - PART - 1)}c`
  for (const length of [LONGEST, LONGEST + 1, LONGEST + PART - 1, LONGEST + PART + 1, 3 * LONGEST]) {
    const line = text(length)
    place.write('a.log', `x\n${line}\ny\n`)
    const seen = await all(control(place).logs({ lines: 3 }))
    const expected =
      length === LONGEST ? line : `${line.slice(0, PART)}${marked(length - LONGEST)}${line.slice(-PART)}`
    t.true(seen.length === 3 && seen[1] === expected, `${length}`)
  }
})

test.serial('no character is cut in its middle, and what is left out adds up', async (t) => {
  const place = folder(t)
  for (const character of ['é', '€', '𝄞']) {
    const count = Math.ceil((2 * LONGEST) / Buffer.byteLength(character))
    for (const [before, after] of [
      ['', ''],
      ['a', 'z'],
      ['ab', 'yz'],
      ['abc', 'xyz'],
    ]) {
      const line = before + character.repeat(count) + after
      place.write('a.log', `${line}\n`)
      const [seen] = await all(control(place).logs({ lines: 1 }))
      t.false(seen.includes('\ufffd'), character)
      const [, begin, left, end] = /^(.*)\[… (\d+) bytes left out …\](.*)$/.exec(seen)
      t.true(line.startsWith(begin) && line.endsWith(end))
      t.is(Buffer.byteLength(begin + end) + Number(left), Buffer.byteLength(line))
      t.true(Buffer.byteLength(begin) > PART - 4 && Buffer.byteLength(end) > PART - 4)
    }
  }
})

test.serial('a long line that a rotation has torn is one line', async (t) => {
  const place = folder(t)
  place.write('a.log.2', `first\n${'a'.repeat(PART)}`)
  place.write('a.log.1', 'b'.repeat(2 * LONGEST))
  place.write('a.log', `${'c'.repeat(PART)}\nlast\n`)
  const expected = ['first', `${'a'.repeat(PART)}${marked(2 * LONGEST)}${'c'.repeat(PART)}`, 'last']
  t.true((await all(control(place).logs())).join() === expected.join())
})

test.serial('a long line that is followed is given when it ends', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', 'old\n')
  const iterator = control(place).logs({ lines: 1, follow: true })[Symbol.asyncIterator]()
  t.teardown(() => void iterator.return())
  t.is((await iterator.next()).value, 'old')
  const next = iterator.next()
  for (let piece = 0; piece < 40; piece++) appendFileSync(file, 'x'.repeat(100_001))
  appendFileSync(file, '\nshort\n')
  const { value } = await next
  t.true(value === `${'x'.repeat(PART)}${marked(4_000_040 - LONGEST)}${'x'.repeat(PART)}`)
  t.is((await iterator.next()).value, 'short')
})

test.serial('pieces of a line do not keep the buffers that they were read into', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const lines = new Lines()
  const { arrayBuffers } = process.memoryUsage()
  for (let piece = 0; piece < 3_000; piece++) lines.take(Buffer.allocUnsafeSlow(65_536).subarray(0, 10))
  // Of 197 MB.
  await until(() => {
    collect()
    return process.memoryUsage().arrayBuffers - arrayBuffers < 20_000_000
  }, 'the buffers to go')
  t.is(lines.end().length > 0, true)
})

test.serial('lines of whatever length are put together from whatever pieces', (t) => {
  const text = Array.from({ length: 300 }, (_, at) => '€'.repeat((at * 7) % 50)).join('\n')
  const bytes = Buffer.from(`${text}\n`)
  for (const size of [1, 2, 3, 7, 64, 1_000, bytes.length]) {
    const lines = new Lines()
    const seen = []
    for (let at = 0; at < bytes.length; at += size) seen.push(...lines.take(bytes.subarray(at, at + size)))
    t.is(seen.join('\n'), text)
    t.false(lines.isUnfinished)
  }
})

test.serial('a last line that goes on without an end is given up in time', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', 'old\n')
  const program = place.write(
    'progress.mjs',
    `import { openSync, writeSync } from 'node:fs'
     const file = openSync(${JSON.stringify(file)}, 'a')
     const end = Date.now() + 10_000
     const text = '\\rhalf way'.repeat(200_000)
     while (Date.now() < end) writeSync(file, text)`,
  )
  const { child } = place.spawn([program])
  await until(() => statSync(file).size > 1_000, 'the progress')
  const lines = await all(control(place).logs({ lines: 2 }))
  t.is(lines[0], 'old')
  t.regex(lines[1], /^\rhalf way\r/)
  t.deepEqual([child.exitCode, child.signalCode], [null, null], 'it still goes on')
})

test.serial('an abort ends the search for the beginning of a long line', async (t) => {
  const place = folder(t)
  place.write('a.log', 'first\n')
  truncateSync(place.file('a.log'), 1e12)
  const signal = AbortSignal.timeout(100)
  const read = (options) => t.throwsAsync(all(control(place).logs(options)), { any: true })
  t.is(await read({ lines: 2, signal }), signal.reason)
  const other = AbortSignal.timeout(100)
  t.is(await read({ lines: Infinity, signal: other }), other.reason)
})

test.serial('a compressed log that is damaged is told as one', async (t) => {
  const place = folder(t)
  place.write('a.log', 'last\n')
  writeFileSync(place.file('a.log.1.gz'), gzipSync('one\ntwo\n').subarray(0, 15))
  const error = await t.throwsAsync(all(control(place).logs()), { code: 'ERR_DAEMON_INVALID_OPTION' })
  t.like(error, { option: 'log' })
  t.is(error.cause.code, 'Z_BUF_ERROR')
})

test('the carriage return before a newline is no part of the line where there are such', (t) => {
  const take = (hasReturns) => {
    const lines = new Lines(hasReturns)
    const pieces = ['a\r\nb\r\n\r\nc\rd\r', '\ne\r\nf\r']
    return [...pieces.flatMap((piece) => lines.take(Buffer.from(piece))), lines.end()]
  }
  t.deepEqual(take(true), ['a', 'b', '', 'c\rd', 'e', 'f'])
  t.deepEqual(take(false), ['a\r', 'b\r', '\r', 'c\rd\r', 'e\r', 'f\r'])
})
