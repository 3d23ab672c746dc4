/** What the tests of logs share: daemons that write lines, and a look at all that has been written. */

import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Daemon } from '../../dist/index.js'
import { content, fixture, threadIds, until } from './index.js'

/** A Daemon that writes at least `least` lines, and until the file `enough` is there. */
export function writer(place, { least = 0, enough = place.path, ...options }) {
  const scriptArgs = [String(least), enough, place.file('written')]
  const script = fixture('logs/lines.js')
  return new Daemon({ pidFile: place.file('a.pid'), script, scriptArgs, ...options })
}

/** How many lines the writer has written, once it has written all of them. */
export async function written(place) {
  await until(() => existsSync(place.file('written')), 'the writer', 100_000)
  return Number(place.read('written'))
}

/** The texts of a log and of what has been rotated, oldest first. */
export function texts(place, name = 'a.log') {
  const number = (file) => Number(file.slice(name.length + 1).replace('.gz', ''))
  return readdirSync(place.path)
    .filter((file) => file === name || (file.startsWith(`${name}.`) && number(file) > 0))
    .sort((a, b) => number(b) - number(a))
    .map((file) => {
      const bytes = readFileSync(join(place.path, file))
      return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
    })
}

const LINE = /^(\d+) (x*)\.$/

/** The number of a line of the writer, which must be whole. */
export function numberOf(line) {
  const [, number, filling] = LINE.exec(line) ?? []
  if (number === undefined || filling.length !== Number(number) % 97) throw new Error(`torn: ${line}`)
  return Number(number)
}

/**
 * Each of the `count` lines is in exactly one of the files, none is torn, each file is in order, and so is each of the
 * two outputs over all of them.
 */
export function checkLines(t, files, count) {
  const seen = new Uint8Array(count)
  const last = [-1, -1]
  for (const text of files) {
    let before = -1
    for (const line of text.split('\n').slice(0, -1)) {
      const number = numberOf(line)
      if (number <= before || number <= last[number % 2]) t.fail(`${number} is out of order`)
      before = number
      last[number % 2] = number
      seen[number]++
    }
  }
  t.true(seen.every((times) => times === 1))
}

/** What is known of a log: in a rotation its name is missing for a moment. */
export const found = (path) => until(() => statSync(path, { throwIfNoEntry: false }), path)

/** The rotation is over: while it lasts, lines still go to the file that has been renamed. */
export const writesTo = (pid, path) =>
  until(() => readlinkSync(`/proc/${pid}/fd/1`) === path, `it writes to ${path}`)

export const mode = async (path) => (await found(path)).mode & 0o777

/** A Daemon that writes a line of a hundred bytes whenever it gets SIGUSR2. */
export function teller(place, options) {
  const script = place.write(
    'tell.mjs',
    `let number = 0
     process.on('SIGUSR2', () => console.log(String(number++).padEnd(99, '.')))
     setInterval(() => {}, 1e6)`,
  )
  return new Daemon({ pidFile: place.file('a.pid'), script, ...options })
}

/** Has it write until `ask` is satisfied. */
export const tellUntil = (daemon, ask, what) =>
  until(async () => {
    await daemon.signal('SIGUSR2')
    return ask()
  }, what)

/** How often the thread of the rotation has gone to sleep: it has looked before. */
export async function sleeps(pid) {
  // It gives itself its name, once it runs.
  const id = await until(() => threadIds('daimon-log', pid)[0], 'the thread of the rotation')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(content(`/proc/${pid}/task/${id}/status`))[1])
}
