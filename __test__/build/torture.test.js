// The command of the torture and its report: a stranger must be able to read them.
import { join } from 'node:path'
import test from 'ava'
import { judgeStorm } from '../../torture/lib/oracle.js'
import { textOf } from '../../torture/lib/report.js'
import { PARTS } from '../../torture/parts.js'
import { folder, ROOT } from '../helpers/index.js'

const torture = (place, ...args) => place.node([join(ROOT, 'torture/index.js'), ...args])

test('the help names each part and what it does, and runs none', async (t) => {
  const { code, stdout } = await torture(folder(t), '--help')
  t.is(code, 0)
  for (const { name, summary } of PARTS) t.regex(stdout, new RegExp(`^  ${name} +${summary}$`, 'm'))
  t.notRegex(stdout, /seed \d/)
})

for (const [title, args, message] of [
  ['an unknown flag', ['--minutes', '3'], /^torture: Unknown option '--minutes'/],
  ['an unknown part', ['--only', 'strom'], /^torture: there is no part 'strom'/],
  [
    'a report in no folder',
    ['--out', '/none/of/these/a.json'],
    /^torture: --out: there is no folder \/none\/of\/these/,
  ],
  ['a number that is none', ['--seconds', '3s'], /^torture: --seconds takes a whole number, not '3s'/],
]) {
  test(`${title} is told, with the usage`, async (t) => {
    const { code, stderr } = await torture(folder(t), ...args)
    t.is(code, 1)
    t.regex(stderr, message)
    t.regex(stderr, /^usage: npm run torture[\s\S]*^ {2}storm {2}/m)
  })
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
  t.is(
    textOf(part),
    `## storm: much at once

Seed 7, 3 s: 2 operations. 1 failed.
A failure is: a lie.

A column is an outcome.

| operation | done | aborted |
| --- | --- | --- |
| stop | 1 |  |
| start |  | 1 |

| step | kill |
| --- | --- |
| lock | 2 |

failed: status on a.pid: a lie
(again: npm run torture -- --only storm --seed 7 --seconds 3)
`,
  )
})

test('an aborted operation of the storm is told as aborted, another error by its code or name', (t) => {
  const target = { pidFile: 'a.pid', records: folder(t).path }
  const errors = {
    stopAborted: { name: 'Error', message: 'had enough' },
    startAborted: { name: 'AlreadyRunningError', code: 'ERR_DAEMON_ALREADY_RUNNING', message: '' },
    // The code of a DOMException is a number.
    exited: { name: 'TimeoutError', code: 23, message: 'The operation was aborted due to timeout' },
    status: { name: 'TypeError', message: 'no' },
  }
  const told = Object.entries(errors).map(([operation, error]) => {
    const isTyped = error.name === 'AlreadyRunningError'
    return { operation, target: 0, actor: 1, begun: 1, ended: 2, error, isTyped }
  })
  const failures = []
  const fail = (text) => failures.push(text)
  t.deepEqual(judgeStorm({ told, targets: [target], isDead: () => true, fail }), {
    stopAborted: { aborted: 1 },
    startAborted: { ERR_DAEMON_ALREADY_RUNNING: 1 },
    exited: { aborted: 1 },
    status: { TypeError: 1 },
  })
  t.deepEqual(failures, ['status on a.pid by 1: TypeError: no'])
})
