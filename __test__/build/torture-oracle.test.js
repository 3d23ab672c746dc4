// What the oracle of the storm sees, and what it believes.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { judgeStorm } from '../../torture/lib/oracle.js'
import { folder } from '../helpers/index.js'

/** What the oracle says of these operations, with these entries of the journal. @param over from then on all may end */
function judged(t, entries, told, over = 0) {
  const records = folder(t).path
  writeFileSync(join(records, 'journal'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  const target = { pidFile: 'a.pid', records }
  const said = []
  const all = told.map((one) => ({ target: 0, actor: 1, ...one }))
  judgeStorm({ told: all, targets: [target], over, isDead: () => true, fail: (text) => said.push(text) })
  return said
}

const ran = (pid, begin, end) => [
  { what: 'born', pid, born: 1, at: begin, launch: `of-${pid}` },
  { what: 'begin', pid, born: 1, at: begin + 1 },
  { what: 'end', pid, born: 1, at: end, lines: 0 },
]
const status = (begun, value) => ({ operation: 'status', begun, ended: begun + 1, value })

test('the oracle believes a PID without a record only while a launch is under way that has left none', (t) => {
  const running = status(10_000, { state: 'running', pid: 7 })
  const launch = { operation: 'start', launch: 'x' }
  const lost = { code: 'ERR_DAEMON_PIDFILE' }
  t.deepEqual(judged(t, [], [running]), ['status on a.pid by 1: 7 did not run at that time'])
  t.deepEqual(judged(t, [], [{ ...launch, begun: 9_990 }, running]), [])
  const over = { ...launch, begun: 100, ended: 200, error: lost, isTyped: true }
  t.is(judged(t, [], [over, running]).length, 1)
})

test('the oracle sees daemons that are told as stopped or ended, strangers, and what a failed start leaves', (t) => {
  const entries = ran(7, 1_000, 30_000)
  const says = (one) => judged(t, entries, [one]).map((text) => text.replace(/^.*? by 1: /, ''))
  t.deepEqual(says(status(10_000, { state: 'running', pid: 7 })), [])
  t.deepEqual(says(status(10_000, { state: 'stopped' })), ['7 runs, and was told as stopped'])
  t.deepEqual(says({ ...status(10_000, {}), operation: 'exited' }), ['7 runs, and was told as exited'])
  t.deepEqual(says({ ...status(10_000, { state: 'running', pid: 7 }), isStranger: true }), [
    '7 is a stranger',
  ])
  const failed = { code: 'ERR_DAEMON_PIDFILE' }
  const start = { operation: 'start', begun: 10_000, ended: 10_001, error: failed, isTyped: true }
  t.deepEqual(says(start), [])
  t.deepEqual(says({ ...start, survivors: [8] }), ['it has returned while 8 lives, which it has launched'])
})

test('the oracle sees a daemon that ends, or a start that fails, though nobody has asked for it', (t) => {
  const entries = ran(7, 1_000, 30_000)
  const stop = { operation: 'stop', launch: 's', begun: 29_999, ended: 30_001, value: { state: 'stopped' } }
  t.deepEqual(judged(t, entries, [stop], Infinity), [])
  t.deepEqual(judged(t, entries, [], Infinity), ['a.pid: 7 has ended, and nobody has asked it to'])
  t.is(judged(t, entries, [{ ...stop, ended: 29_999.5 }], Infinity).length, 1)
  const error = { code: 'ERR_DAEMON_START_FAILED', exitSignal: 'SIGTERM' }
  const start = { operation: 'start', launch: 'x', begun: 29_990, ended: 30_000, error, isTyped: true }
  t.deepEqual(judged(t, [], [stop, start]), [])
  t.is(judged(t, [], [start]).length, 1)
  t.is(judged(t, [], [stop, { ...start, error: { ...error, exitSignal: 'SIGHUP' } }]).length, 1)
})

test('the oracle sees two bodies at once by the journal alone', (t) => {
  t.deepEqual(judged(t, [...ran(7, 1_000, 2_000), ...ran(8, 2_001, 3_000)], []), [])
  const said = judged(t, [...ran(7, 1_000, 2_000), ...ran(8, 1_999, 3_000)], [])
  t.deepEqual(said, ['a.pid: two bodies at once: 8 was born before 7 had ended'])
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
