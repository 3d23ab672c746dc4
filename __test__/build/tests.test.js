// The tests themselves: where they are, and what their programs look like.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ROOT } from '../helpers/index.js'

const TESTS = join(ROOT, '__test__')
/**
 * Folders of tests of what is not in ts/: of scripts/, docs/, the core's pidfile/, scripts/release/, and of the whole
 * on Windows.
 */
const OTHERS = ['build', 'docs', 'keeper', 'pidfile', 'published', 'windows']

/** A program under test that is longer belongs to fixtures/AREA/NAME. */
const LINES = 9

const files = readdirSync(TESTS, { recursive: true }).filter((name) => name.endsWith('.test.js'))
const lines = (name) => readFileSync(join(TESTS, name), 'utf8').split('\n')

/** The lines of the longest template string: from a line with an odd number of backticks to the next such line. */
function longestTemplate(name) {
  let [longest, begin] = [0, undefined]
  for (const [at, line] of lines(name).entries()) {
    const ticks = line.replaceAll(/\\.|```/g, '').split('`').length - 1
    if (ticks % 2 === 0) continue
    if (begin !== undefined) longest = Math.max(longest, at - begin + 1)
    begin = begin === undefined ? at : undefined
  }
  return longest
}

test('every file of tests is in the folder of what it tests', (t) => {
  t.true(files.length > 60)
  for (const name of files) {
    const [folder] = name.split('/')
    t.true(OTHERS.includes(folder) || existsSync(join(ROOT, 'ts', folder)), `${name}: no ts/${folder}`)
  }
})

test('every fixture is in a folder of tests, and says in its first line what it is', (t) => {
  const shared = ['body.js', 'gate.mjs', 'helpers', 'invalid', 'types']
  const fixtures = readdirSync(join(TESTS, 'fixtures'), { recursive: true, withFileTypes: true })
  for (const { name, parentPath } of fixtures.filter((entry) => entry.isFile())) {
    const path = join(parentPath, name).slice(join(TESTS, 'fixtures/').length)
    const [folder] = path.split('/')
    t.true(shared.includes(folder) || existsSync(join(TESTS, folder)), path)
    if (folder !== 'invalid') t.regex(lines(`fixtures/${path}`)[0], /^(?:\/\/|#) \S|^\/\*\*/, path)
  }
})

test('programs of more than a few lines are files', (t) => {
  const longer = files.map((name) => [name, longestTemplate(name)]).filter(([, length]) => length > LINES)
  t.deepEqual(longer, [])
})

test('no test waits for a guessed time: it waits for an event, or names the time that matters', (t) => {
  const sleeps = /\bdelay\(\d|setTimeout\(\w+, \d{3,}\)/
  const guessed = files.flatMap((name) =>
    lines(name)
      .filter((line) => sleeps.test(line) && !line.includes('while'))
      .map((line) => `${name}: ${line.trim()}`),
  )
  t.deepEqual(guessed, [])
})
