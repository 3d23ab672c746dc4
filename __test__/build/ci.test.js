// What the end of CI's log says again.
import { readFileSync } from 'node:fs'
import test from 'ava'
import { Failures } from '../../scripts/lib/failures.js'
import { fixture } from '../helpers/index.js'

test('the lines that tell of failures are picked out of the output, with the details of each', (t) => {
  const failures = new Failures()
  for (const line of readFileSync(fixture('build/failed-leg.txt'), 'utf8').split('\n')) failures.take(line)
  t.deepEqual(failures.lines, [
    'test a_lock_is_left ... FAILED',
    '---- a_lock_is_left stdout ----',
    "thread 'a_lock_is_left' (7) panicked at crates/core/src/lock.rs:7:5:",
    'lint: failed: typos',
    '  ✘ [fail]: launcher › stop › a stop resolves',
    '  × [fail]: launcher › stop › a stop resolves on Windows',
    '  launcher › stop › a stop resolves',
    '  Difference (- actual, + expected):',
    '   failed: status on a.pid: 7 did not run at that time',
    'ready: failed: lint, test',
  ])
})
