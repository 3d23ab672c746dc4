// Logs as properties: whatever is written, and however it is rotated, a reader sees the last lines of all of it.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import { Lines } from '../../build/logs/lines.js'
import { folder } from '../helpers/index.js'
import { holds } from '../helpers/property.js'
import { all, control } from '../helpers/reading.js'
import { linesOf, WrittenLog } from '../helpers/written-log.js'

/**
 * Pieces of a log: a text, how often, and how many of its first bytes are missing. Most end with a newline, some are
 * longer than a read, some are cut within a character.
 */
const often = fc.integer({ min: 20_000, max: 70_000 })
const piece = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.string({ unit: 'grapheme', maxLength: 12 }).map((line) => `${line}\n`)),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('\n', '\n\n', '\r\n', 'no end', '')) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('€', '\n𝄞', 'é\n'), fc.constant(1), fc.nat(3)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('€', 'x', '𝄞', 'é\n'), often, fc.nat(3)) },
)
const bytesOf = ([text, count = 1, cut = 0]) => Buffer.from(text.repeat(count)).subarray(cut)

const step = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('write'), piece) },
  { weight: 2, arbitrary: fc.constant(['rotate']) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('compress'), fc.integer({ min: 1, max: 3 })) },
)
const take = (log, [what, arg]) => log[what](what === 'write' ? bytesOf(arg) : arg)

const steps = fc.array(step, { maxLength: 14 })
const keep = fc.integer({ min: 1, max: 4 })

test.serial('the last lines are those of all that the files hold, whatever has been rotated', async (t) => {
  const place = folder(t)
  let number = 0
  await holds(
    t,
    fc.asyncProperty(
      steps,
      keep,
      fc.boolean(),
      fc.array(fc.nat(9)),
      async (taken, kept, isRemoved, counts) => {
        const path = place.file(`${++number}.log`)
        const log = new WrittenLog(path, { keep: kept, isReadMeanwhile: false })
        for (const one of taken) take(log, one)
        if (isRemoved) log.remove()
        const expected = linesOf(log.text)
        for (const lines of [1, expected.length, expected.length + 1, Infinity, ...counts]) {
          const found = await all(control(place, { log: path }).logs({ lines }))
          assert.deepEqual(found, lines === 0 ? [] : expected.slice(-lines), `lines: ${lines}`)
        }
      },
    ),
    120,
  )
})

/** How long a follower may take for all that was written, in milliseconds. */
const PATIENCE = 30_000
/** How long until a file that is written to has another time, in milliseconds. */
const TICK = 12

/** The last lines, and all that follow, up to the line `last`. `begun` is called when the first have come. */
async function followed(daemon, lines, last, begun) {
  const seen = []
  const signal = AbortSignal.timeout(PATIENCE)
  try {
    for await (const line of daemon.logs({ lines, follow: true, signal })) {
      seen.push(line)
      if (seen.length === lines) begun()
      if (line === last) break
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  begun()
  return seen
}

test.serial('a follower sees each line once, whatever is rotated meanwhile', async (t) => {
  const place = folder(t)
  let number = 0
  const pause = fc.constantFrom(0, 0, 0, 1, 5, 60)
  const paused = fc.array(fc.tuple(step, pause), { minLength: 4, maxLength: 12 })
  await holds(
    t,
    fc.asyncProperty(steps, paused, fc.integer({ min: 1, max: 4 }), async (before, meanwhile, lines) => {
      const path = place.file(`f${++number}.log`)
      // None of them is removed: a reader that is too slow for that loses what has gone.
      const log = new WrittenLog(path, { keep: 40, isReadMeanwhile: true })
      for (const one of before) {
        if (one[0] === 'rotate') await delay(TICK)
        take(log, one)
      }
      log.write(Buffer.from('\n1\n2\n3\n4\n'))
      let reading
      const first = linesOf(log.all).slice(-lines)
      await new Promise((begun) => {
        reading = followed(control(place, { log: path }), lines, 'the end', begun)
      })
      const length = log.all.length
      for (const [one, time] of meanwhile) {
        await delay(one[0] === 'rotate' ? time + TICK : time)
        take(log, one)
      }
      log.write(Buffer.from('\nthe end\n'))
      assert.deepEqual(await reading, [...first, ...linesOf(log.all.subarray(length))])
    }),
    25,
  )
})

test('lines are the same in whatever pieces they come, very long ones too', async (t) => {
  const veryOften = fc.integer({ min: 300_000, max: 1_200_000 })
  const long = fc.tuple(fc.constantFrom('€', 'x', '𝄞'), veryOften, fc.nat(3))
  const log = fc.array(fc.oneof({ weight: 12, arbitrary: piece }, { weight: 1, arbitrary: long }), {
    maxLength: 6,
  })
  /** No read is larger. */
  const chunk = fc.integer({ min: 1, max: 65_536 })
  const read = (whole, sizes) => {
    const lines = new Lines()
    const found = []
    for (let at = 0, turn = 0; at < whole.length; at += sizes[turn++ % sizes.length])
      found.push(...lines.take(Buffer.from(whole.subarray(at, at + sizes[turn % sizes.length]))))
    return { found, isUnfinished: lines.isUnfinished, end: lines.end() }
  }
  await holds(
    t,
    fc.property(log, fc.array(chunk, { minLength: 1 }), (pieces, sizes) => {
      const whole = Buffer.concat(pieces.map(bytesOf))
      assert.deepEqual(read(whole, sizes), read(whole, [65_536]))
    }),
    100,
  )
})
