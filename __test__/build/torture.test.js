// The command of the torture, its end half way, and its report: a stranger must be able to read them.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { textOf } from '../../torture/lib/report.js'
import { PARTS } from '../../torture/parts.js'
import { fixture, folder, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const TORTURE = join(ROOT, 'torture/index.js')
const torture = (place, ...args) => place.node([TORTURE, ...args])

test('the help names each part and what it does, and runs none', async (t) => {
  const { code, stdout } = await torture(folder(t), '--help')
  t.is(code, 0)
  for (const { name, summary } of PARTS) t.regex(stdout, new RegExp(`^  ${name} +${summary}$`, 'm'))
  t.notRegex(stdout, /seed \d/)
})

const WRONG = {
  '--seconds 0': "--seconds takes a whole number from 1 to 1000000, not '0'",
  '--seconds=-1': "--seconds takes a whole number from 1 to 1000000, not '-1'",
  '--seconds abc': "--seconds takes a whole number from 1 to 1000000, not 'abc'",
  '--seconds 1 --seconds 2': '--seconds is given 2 times',
  '--seed text': "--seed takes a whole number from 0 to 4294967295, not 'text'",
  '--seed 4294967296': "--seed takes a whole number from 0 to 4294967295, not '4294967296'",
  '--only nonsense': "there is no part 'nonsense'",
  '--daemons 0': "--daemons takes a whole number from 1 to 10000, not '0'",
  '--out /none/of/these/a.json': '--out: there is no folder /none/of/these',
  '--minutes 3': "Unknown option '--minutes'",
}

test('a wrong command line is told, with the usage, and nothing is run', async (t) => {
  const place = folder(t)
  const one = async ([args, message]) => {
    const { code, stdout, stderr } = await torture(place, ...args.split(' '))
    t.is(code, 2, args)
    t.is(stdout, '', args)
    t.true(stderr.startsWith(`torture: ${message}`), `${args}: ${stderr}`)
    t.regex(stderr, /^usage: npm run torture[\s\S]*^ {2}storm {2}/m, args)
  }
  await Promise.all(Object.entries(WRONG).map(one))
})

for (const [name, wanted] of [
  ['storm', []],
  ['model', ['cargo']],
]) {
  needs(...wanted)(
    `${name}: an end half way leaves no process and no file but a report that says so`,
    async (t) => {
      const place = folder(t)
      mkdirSync(place.file('tmp'))
      const args = [TORTURE, '--only', name, '--out', place.file('report.json')]
      const run = place.spawn(args, { env: { TMPDIR: place.file('tmp') } })
      await until(() => place.processes().some((pid) => pid !== run.pid))
      run.child.kill('SIGTERM')
      const { code } = await run.done
      t.is(code, 143)
      t.deepEqual(place.processes(), [])
      t.deepEqual(readdirSync(place.file('tmp')), [])
      const { isComplete, parts } = JSON.parse(place.read('report.json'))
      t.deepEqual({ isComplete, parts }, { isComplete: false, parts: [] })
    },
  )
}

test('every part says what it takes for a failure', (t) => {
  for (const { name, fails } of PARTS) t.true(fails?.length > 10, name)
})

test('the report has a table for each kind of row, and says how to run a failed part again', (t) => {
  const part = {
    name: 'storm',
    summary: 'much at once',
    columns: 'A column is an outcome.',
    fails: 'a lie',
    seed: 7,
    again: 'npm run torture -- --only storm --seed 7 --seconds 3',
    seconds: 3,
    counts: { operations: 2 },
    rows: [
      { operation: 'stop', done: 1 },
      { step: 'lock', kill: 2 },
      { operation: 'start', aborted: 1 },
    ],
    skipped: [],
    failures: ['status on a.pid: a lie'],
    failed: 1,
  }
  const printed = readFileSync(fixture('build/torture-report.txt'), 'utf8')
  t.is(textOf(part), printed.slice(printed.indexOf('\n') + 1))
})

test('a report is complete after a failure', async (t) => {
  const place = folder(t)
  const args = [TORTURE, '--only', 'miri', '--only', 'model', '--out', place.file('report.json')]
  // Neither cargo nor rustup is there: one part is skipped, the other fails.
  const { code, stdout } = await place.node(args, { env: { PATH: place.path } })
  t.is(code, 1, stdout)
  const { isComplete, parts } = JSON.parse(readFileSync(place.file('report.json'), 'utf8'))
  t.true(isComplete)
  t.deepEqual(
    parts.map(({ name, failed, skipped }) => [name, failed, skipped.length]),
    [
      ['model', 1, 0],
      ['miri', 0, 1],
    ],
  )
})
