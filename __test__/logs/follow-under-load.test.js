import { setTimeout as turn } from 'node:timers/promises'
import test from 'ava'
import { folder } from '../helpers/index.js'
import { numberOf, writer, written } from '../helpers/logs.js'

/** Follows the writer's log from before its start until its last line: each once, those of each output in order. */
async function followAll(t, place, daemon) {
  const finished = written(place)
  let count = Number.POSITIVE_INFINITY
  finished.then((number) => {
    count = number
  })
  const next = [0, 1]
  for await (const line of daemon.logs({ lines: Infinity, follow: true })) {
    const number = numberOf(line)
    if (number !== next[number % 2]) return t.fail(`${line} instead of ${next[number % 2]}`)
    next[number % 2] += 2
    // The last line may be read before its number is known.
    if (number % 500 === 499 && count === Number.POSITIVE_INFINITY) await Promise.race([finished, turn()])
    if (Math.min(...next) >= count) break
  }
  t.is(Math.min(...next), await finished)
}

for (const compress of [false, true]) {
  test.serial(
    `following gets every line once over rotations under load (compress: ${compress})`,
    async (t) => {
      const place = folder(t)
      const log = { file: place.file('a.log'), maxSize: 20_000, keep: 999, compress }
      const enough = place.file(compress ? 'a.log.50.gz' : 'a.log.50')
      const daemon = writer(place, { least: 100_000, enough, log })
      const following = followAll(t, place, daemon)
      await daemon.start()
      await following
    },
  )
}
