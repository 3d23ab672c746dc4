// What Windows has nothing for, in a process that takes itself for one of Windows.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { refuseAbsent, refuseInherited } from '../../build/options/absent.js'
import { LOG_PARTS } from '../../build/options/log.js'
import { OPTIONS } from '../../build/options/table.js'
import { absentFeatures } from '../helpers/absent.js'
import { fixture, folder, ROOT } from '../helpers/index.js'
import { ON_WINDOWS } from '../helpers/windows.js'

const ABSENT = absentFeatures()

test('each row is one of an option, or of a part of the log, or of a call', (t) => {
  const known = [...Object.keys(OPTIONS), ...Object.keys(LOG_PARTS).map((part) => `log.${part}`)]
  const others = ABSENT.filter((name) => !known.includes(name))
  t.deepEqual(others, [
    'dropPrivileges()',
    'foreground',
    'reopenLogs()',
    "'reopen'",
    "'inherit'",
    'socket.mode',
    'upgrade()',
    'unit systemd',
    'unit launchd',
    'unit logrotate',
    'LISTEN_FDS',
  ])
  t.true(ABSENT.length > 20)
})

test('docs/windows.md has each of them', (t) => {
  const page = readFileSync(join(ROOT, 'docs/windows.md'), 'utf8')
  const [, rows] = /^\| feature \| instead \|\n(.*?)\n\n/ms.exec(page)
  const shown = rows.split('\n').map((row) => row.split(' | ')[0])
  const isShown = (feature) => shown.some((cell) => cell.includes(feature.replace('unit ', '')))
  t.deepEqual(
    ABSENT.filter((feature) => !isShown(feature)),
    [],
  )
})

for (const feature of ABSENT) {
  test(`${feature} is refused with its name and an advice, on Windows alone`, (t) => {
    const error = t.throws(() => refuseAbsent(feature, 7, undefined, true), {
      code: 'ERR_DAEMON_UNSUPPORTED',
    })
    t.is(error.feature, feature.replace('()', '').replaceAll("'", ''))
    t.regex(error.message, /is not supported on Windows\. \S.*\.$/)
    t.notThrows(() => refuseAbsent(feature, 7, undefined, false))
  })
}

test('what asks for nothing is no use of a feature', (t) => {
  for (const value of [undefined, false, [], Infinity]) {
    t.notThrows(() => refuseAbsent('keepFds', value, undefined, true))
  }
  t.notThrows(() => refuseAbsent('umask', 0o022, 0o022, true))
  t.throws(() => refuseAbsent('umask', 0o027, 0o022, true))
})

test('a stream of the launcher is refused by the name of its option', (t) => {
  const none = { kind: 'null' }
  t.notThrows(() => refuseInherited({ stdin: none, stdout: none, stderr: none }, true))
  t.notThrows(() => refuseInherited({ stdin: none, stdout: { kind: 'inherit' }, stderr: none }, false))
  const error = t.throws(() =>
    refuseInherited({ stdin: none, stdout: none, stderr: { kind: 'inherit' } }, true),
  )
  t.is(error.feature, 'stderr')
  t.regex(error.message, /^stderr: 'inherit' is not supported on Windows\. Give a file/)
})

test('the calls refuse all of it before anything happens', async (t) => {
  const place = folder(t)
  const { code, stdout, stderr } = await place.node([...ON_WINDOWS, fixture('options/absent.mjs')])
  t.deepEqual([code, stderr], [0, ''])
  const told = JSON.parse(stdout)
  const { allowed, ...refused } = told
  t.deepEqual(allowed, [])
  for (const [what, { code, feature, platform }] of Object.entries(refused)) {
    const [name] = what.split('=')
    t.deepEqual([code, feature, platform], ['ERR_DAEMON_UNSUPPORTED', name, 'win32'], what)
  }
  t.true(Object.keys(refused).length > 25)
  t.deepEqual(place.processes(), [])
})
