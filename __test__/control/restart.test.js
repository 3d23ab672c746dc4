import { chmodSync, linkSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs'
import test from 'ava'
import { Daemon, PidFileError } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { content, fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { idle } from '../helpers/pidfile.js'

test.serial('restart gives another process, with its own arguments', async (t) => {
  const { file, read, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const first = await daemon.start('echo', file('one'), 1)
  const second = await daemon.restart('echo', file('other'), 2)
  t.not(first.pid, second.pid)
  t.is(read('a.pid'), `${second.pid}\n`)
  t.deepEqual(processes(), [second.pid])
  t.is(JSON.parse(readFileSync(file('other'), 'utf8')).args[2], 2)
})

test.serial('restart starts what was not running, and what a crash has left', async (t) => {
  const { file, write, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.restart('serve')
  t.deepEqual(processes(), [pid])
  await daemon.stop()
  write('a.pid', `${pid}\n`)
  t.like(await daemon.restart('serve'), { state: 'running' })
})

test.serial('over restarts there are never two at once', async (t) => {
  const { file, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const pids = new Set()
  // Each of them would fail if the one before were still there: it takes its time to leave.
  for (let round = 0; round < 5; round++) pids.add((await daemon.restart('alone', file('home'))).pid)
  t.is(pids.size, 5)
  t.deepEqual(processes(), [[...pids].at(-1)])
})

needs('processor of its own')(
  'of restarts at once one daemon comes, and what they say of it is true',
  async (t) => {
    const { file, processes } = folder(t)
    const daemon = body({ pidFile: file('a.pid'), lockTimeout: 300 })
    await daemon.start('alone', file('home'))
    const results = await Promise.allSettled(
      Array.from({ length: 4 }, () => daemon.restart('alone', file('home'))),
    )
    const { pid } = await daemon.status()
    t.deepEqual(processes(), [pid])
    const codes = ['ERR_DAEMON_ALREADY_RUNNING', 'ERR_DAEMON_START_FAILED']
    for (const { reason, value } of results) {
      // A rival's stop may end a daemon that is not ready yet, never one that another body stands beside.
      if (value === undefined)
        t.true(codes.includes(reason.code) && reason.cause === undefined, String(reason))
    }
    t.true(results.some(({ value }) => value?.pid === pid))
  },
)

test.serial('a restart whose stop fails starts no second one', async (t) => {
  const { file, read, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), stopTimeout: 100, forceKill: false })
  const { pid } = await daemon.start('deaf')
  await t.throwsAsync(daemon.restart('serve'), { code: 'ERR_DAEMON_STOP_TIMEOUT' })
  t.deepEqual(processes(), [pid])
  t.is(read('a.pid'), `${pid}\n`)
})

/** Everything that can be told before: "InvalidOption …, before anything happens". */
for (const [what, restart] of [
  [
    'for a folder that is missing',
    (daemon, { file }) => daemon.with({ cwd: file('missing') }).restart('serve'),
  ],
  ['for an argument that cannot be cloned', (daemon) => daemon.restart('serve', () => {})],
  ['without a body', (_daemon, { file }) => new Daemon({ pidFile: file('a.pid') }).restart()],
]) {
  test.serial(`a restart that is refused ${what} stops nothing`, async (t) => {
    const place = folder(t)
    const daemon = body({ pidFile: place.file('a.pid') })
    const { pid } = await daemon.start('serve')
    await t.throwsAsync(restart(daemon, place), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.deepEqual(place.processes(), [pid])
  })
}

test.serial('a restart whose signal has aborted stops nothing', async (t) => {
  const { file, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const reason = new Error('before')
  t.is(await t.throwsAsync(daemon.with({ signal: AbortSignal.abort(reason) }).restart('serve')), reason)
  t.deepEqual(processes(), [pid])
})

const NONE_LEFT = /\. The daemon before it has been stopped, so none runs now\.$/

test.serial('a restart whose start fails says why, and leaves none', async (t) => {
  const { file, processes } = folder(t)
  await body({ pidFile: file('a.pid') }).start('serve')
  const broken = new Daemon({ pidFile: file('a.pid'), script: fixture('invalid/syntax.mjs') })
  const error = await t.throwsAsync(broken.restart(), {
    code: 'ERR_DAEMON_START_FAILED',
    message: /SyntaxError/,
  })
  t.regex(error.message, NONE_LEFT)
  t.true(error.stack.includes(error.message))
  t.deepEqual(processes(), [])
  // None has been stopped for this one.
  const other = await t.throwsAsync(broken.restart(), { code: 'ERR_DAEMON_START_FAILED' })
  t.notRegex(other.message, NONE_LEFT)
  t.is(content(file('a.pid')), undefined)
})

needs('links that are refused')('a restart whose log could not be opened stops nothing', async (t) => {
  const { file, path } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  symlinkSync(fixture('body.js'), file('link'))
  for (const log of [path, file('link')]) {
    const error = await t.throwsAsync(daemon.with({ log }).restart('serve'))
    t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'log', value: log })
    t.like(await daemon.status(), { state: 'running', pid })
  }
})

needs('file modes')(
  'a pidfile that no start would take any more keeps a restart from stopping anybody',
  async (t) => {
    const place = folder(t)
    const daemon = idle(place)
    const { pid } = await daemon.start()
    for (const [reason, spoil, mend] of [
      ['unsafe-directory', () => chmodSync(place.path, 0o777), () => chmodSync(place.path, 0o700)],
      [
        'hard-linked',
        () => linkSync(place.file('a.pid'), place.file('b')),
        () => unlinkSync(place.file('b')),
      ],
    ]) {
      spoil()
      await t.throwsAsync(daemon.restart(), { instanceOf: PidFileError }, reason)
      mend()
      t.like(await daemon.status(), { state: 'running', pid }, reason)
    }
    t.not((await daemon.restart()).pid, pid)
  },
)
