// Options that come later: those of with(), of a stop, and of a verb that only waits.
import { join } from 'node:path'
import test from 'ava'
import { validateOptions, validateStopOptions, validateWaitOptions } from '../../build/options/validate.js'
import { valid } from '../helpers/options.js'

test('with() changes what it is given and keeps the rest', (t) => {
  const { signal } = new AbortController()
  const base = valid({ log: '/l', umask: 0, script: '/s.js', env: { A: '1' } })
  const settings = validateOptions(
    { readyTimeout: 5, signal, execArgv: ['--x'], umask: undefined },
    'with',
    base,
  )
  const { given: _, ...rest } = base
  t.like(settings, { ...rest, readyTimeout: 5, signal, execArgv: ['--x'] })
  t.deepEqual(validateOptions(undefined, 'with', settings), settings)
  t.is(base.readyTimeout, 30_000)
})

test('with() can take one stream away from a log, and give both to another', (t) => {
  const base = valid({ log: '/l' })
  const one = validateOptions({ stdout: '/o' }, 'with', base)
  t.deepEqual([one.stdio.stdout.path, one.stdio.stderr.path], ['/o', '/l'])
  const both = validateOptions({ log: '/m' }, 'with', one)
  t.deepEqual([both.stdio.stdout.path, both.stdio.stderr.path], ['/m', '/m'])
})

test('with() keeps an explicit pidfile under another name, and derives one from it otherwise', (t) => {
  t.is(validateOptions({ name: 'b' }, 'with', valid({ pidFile: '/a.pid' })).pidFile, '/a.pid')
  t.true(validateOptions({ name: 'b' }, 'with', valid({})).pidFile.endsWith('/b.pid'))
})

test.serial('with() keeps the paths of before a change of folder', (t) => {
  const base = valid({ pidFile: 'a.pid', log: 'a.log' })
  const before = process.cwd()
  process.chdir('/')
  try {
    const settings = validateOptions({ readyTimeout: 5 }, 'with', base)
    t.is(settings.pidFile, join(before, 'a.pid'))
    t.is(settings.stdio.stdout.path, join(before, 'a.log'))
    t.is(settings.cwd, before)
  } finally {
    process.chdir(before)
  }
})

test("stop's own options go before the daemon's", (t) => {
  const { signal } = new AbortController()
  const base = valid({ stopTimeout: 5 })
  const defaults = { stopSignal: 15, stopTimeout: 5, forceKill: true, stopGroup: false, signal: undefined }
  t.deepEqual(validateStopOptions(undefined, base), defaults)
  t.deepEqual(validateStopOptions({ stopTimeout: undefined }, base), defaults)
  const own = validateStopOptions({ stopSignal: 'SIGINT', stopTimeout: 0, forceKill: false, signal }, base)
  t.deepEqual(own, { stopSignal: 2, stopTimeout: 0, forceKill: false, stopGroup: false, signal })
})

for (const [options, option] of [
  [{ stopTimeout: '5' }, 'stopTimeout'],
  [{ forcekill: true }, 'forcekill'],
  [{ name: 'x' }, 'name'],
  [{ signal: {} }, 'signal'],
  [{ stopGroup: true }, 'stopGroup'],
  [5, 'options'],
]) {
  test(`stop must not be told ${JSON.stringify(options)}`, (t) => {
    const error = t.throws(() => validateStopOptions(options, valid({})), {
      code: 'ERR_DAEMON_INVALID_OPTION',
    })
    t.is(error.option, option)
  })
}

test('a verb that only waits takes a signal and nothing else', (t) => {
  const { signal } = new AbortController()
  t.is(validateWaitOptions(undefined, {}), undefined)
  t.is(validateWaitOptions({}, { signal }), signal)
  t.is(validateWaitOptions({ signal }, {}), signal)
  t.throws(() => validateWaitOptions({ stopTimeout: 1 }, {}), { code: 'ERR_DAEMON_INVALID_OPTION' })
})
