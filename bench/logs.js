/** How soon a log is rotated, and what the watch on it costs who writes. */

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Daemon } from '../dist/index.js'
import { median } from './measure.js'

const script = fileURLToPath(new URL('writer.js', import.meta.url))

/** A daemon that writes when it is told to: `measure()` gives what it says. */
async function startWriter(folder, name, log, ...lines) {
  const [file, told] = [join(folder, `${name}.log`), join(folder, `${name}.told`)]
  const scriptArgs = [file, String(log.maxSize), told, ...lines.map(String)]
  const daemon = new Daemon({
    pidFile: join(folder, `${name}.pid`),
    script,
    scriptArgs,
    log: { file, ...log },
  })
  await daemon.start()
  const measure = async () => {
    rmSync(told, { force: true })
    await daemon.signal('SIGUSR2')
    while (!existsSync(told)) await delay(2)
    return Number(readFileSync(told, 'utf8'))
  }
  return { measure, stop: () => daemon.stop() }
}

/**
 * From the write that makes a log too large, in a burst after a quiet time, until it has been rotated: milliseconds.
 */
export async function burstUntilRotation(folder, rounds) {
  const writer = await startWriter(folder, 'burst', { maxSize: 100_000, keep: 1 })
  const times = []
  for (let round = 0; round < rounds; round++) {
    await delay(300)
    times.push(await writer.measure())
  }
  await writer.stop()
  return median(times)
}

/** The speed of writing to a log that is watched but never large enough, against one that is not rotated at all. */
export async function writingSpeed(folder, rounds) {
  const LINES = 100_000
  const watched = await startWriter(folder, 'watched', { maxSize: Number.MAX_SAFE_INTEGER, keep: 1 }, LINES)
  const plain = await startWriter(folder, 'plain', {}, LINES)
  const times = { watched: [], plain: [] }
  for (let round = 0; round < rounds; round++) {
    times.plain.push(await plain.measure())
    times.watched.push(await watched.measure())
  }
  await watched.stop()
  await plain.stop()
  return { watched: LINES / median(times.watched), plain: LINES / median(times.plain) }
}
