import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import { allows, checkAccess, deniedTo, ENTER, READ, WRITE } from '../../build/options/access.js'
import { checkOptions } from '../../build/options/check.js'
import { validateOptions } from '../../build/options/validate.js'
import { Daemon } from '../../dist/index.js'
import { folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const NOBODY = 65_534
const valid = (log) => validateOptions({ name: 'x', log }, 'Daemon')
const stdout = (log) => valid(log).stdio.stdout

test('a file alone is the same as its path', (t) => {
  t.deepEqual(stdout({ file: 'a.log' }), stdout('a.log'))
  t.deepEqual(stdout({ file: new URL('file:///a%20b') }), stdout('/a b'))
  t.is(stdout({ file: 'inherit' }).path, resolve('inherit'))
})

test('a rotation has defaults, and is both streams', (t) => {
  const rotation = { maxSize: 1, keep: 5, compress: false }
  const { stdio } = valid({ file: '/l', maxSize: 1, mode: undefined })
  t.deepEqual(stdio.stdout, { kind: 'file', path: '/l', option: 'log', rotation })
  t.is(stdio.stdout, stdio.stderr)
  const all = { maxSize: 2 ** 53 - 1, keep: 999, compress: true }
  t.deepEqual(stdout({ file: '/l', ...all, mode: 0o600 }), {
    kind: 'file',
    path: '/l',
    option: 'log',
    mode: 0o600,
    rotation: all,
  })
})

const REFUSED = [
  [{}, 'log.file', undefined],
  [{ file: '' }, 'log.file', ''],
  [{ file: 1 }, 'log.file', 1],
  [{ file: 'a\0' }, 'log.file', 'a\0'],
  ...[0, -1, 1.5, '10', '10M', NaN, Infinity, 2 ** 53, null, 1n].map((maxSize) => [
    { maxSize },
    'log.maxSize',
    maxSize,
  ]),
  ...[0, 1_000, 1.5, '5', NaN, Infinity, null].map((keep) => [{ maxSize: 1, keep }, 'log.keep', keep]),
  ...[0, 'true', null].map((compress) => [{ maxSize: 1, compress }, 'log.compress', compress]),
  ...['640', 0o1000, -1, null].map((mode) => [{ mode }, 'log.mode', mode]),
  [{ mode: 0o440 }, 'log.mode', 0o440, /must let the owner read and write/],
  [{ maxsize: 1 }, 'log.maxsize', 1, /Did you mean 'maxSize'/],
  [{ number: 1 }, 'log.number', 1, /It has file, maxSize, keep, compress, mode/],
  [{ keep: 3 }, 'log.keep', 3, /'log\.maxSize'/],
  [{ compress: false }, 'log.compress', false, /'log\.maxSize'/],
]

for (const [parts, option, value, message = /must be/] of REFUSED) {
  test(`log must not be ${inspect(parts)}`, (t) => {
    const log = option === 'log.file' ? parts : { file: '/l', ...parts }
    const error = t.throws(() => valid(log), { code: 'ERR_DAEMON_INVALID_OPTION', message })
    t.is(error.option, option)
    t.is(error.value, value)
    t.true(error.message.includes(`'${option}'`))
  })
}

test('log as an object contradicts stdout and stderr, too', (t) => {
  const options = { name: 'x', log: { file: '/l' }, stderr: '/e' }
  const error = t.throws(() => validateOptions(options, 'Daemon'), { message: /contradicts 'log'/ })
  t.is(error.option, 'stderr')
})

test('with() gives a log anew as a whole, and keeps it where it is not given', (t) => {
  const base = valid({ file: '/l', maxSize: 1, mode: 0o600 })
  t.deepEqual(validateOptions({ umask: 0 }, 'with', base).stdio, base.stdio)
  t.deepEqual(validateOptions({ log: '/m' }, 'with', base).stdio.stdout, stdout('/m'))
  const { stdio } = validateOptions({ stdout: '/o' }, 'with', base)
  t.deepEqual(stdio.stdout, { kind: 'file', path: '/o', option: 'stdout' })
  t.is(stdio.stderr.rotation.maxSize, 1)
})

test('a device cannot be rotated', (t) => {
  t.notThrows(() => checkOptions(valid('/dev/null')))
  const error = t.throws(() => checkOptions(valid({ file: '/dev/null', maxSize: 7 })), { message: /regular/ })
  t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'log.maxSize', value: 7 })
})

test('a rotation contradicts chroot', (t) => {
  const settings = validateOptions(
    { name: 'x', log: { file: '/tmp/l', maxSize: 7 }, chroot: '/', run() {} },
    'Daemon',
  )
  const error = t.throws(() => checkOptions(settings), { message: /contradicts 'chroot'/ })
  t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'log.maxSize', value: 7 })
})

needs('root', 'processor of its own')(
  "a rotation needs a folder that the daemon's user can write, a log alone does not",
  async (t) => {
    const place = folder(t)
    const script = place.write('a.mjs', 'setInterval(() => {}, 1e6)')
    mkdirSync(place.file('own'))
    const log = { file: place.file('own/a.log'), maxSize: 7 }
    chmodSync(place.path, 0o755)
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script, log, user: NOBODY, group: NOBODY })
    for (const verb of ['start', 'restart']) {
      const error = await t.throwsAsync(daemon[verb](), { code: 'ERR_DAEMON_INVALID_OPTION' })
      t.like(error, { option: 'log.maxSize', value: 7 })
      t.is(error.cause, undefined)
      t.regex(error.message, /its mode is 755, its owner 0:0, which does not let user 65534 in/)
    }
    t.deepEqual(readdirSync(place.path), ['a.mjs', 'own'])
    await daemon.with({ log: log.file }).start()
    await daemon.stop()
    chownSync(place.file('own'), NOBODY, NOBODY)
    await daemon.start()
    await daemon.stop()
    t.pass()
  },
)

const USER = { uid: 1_000, gid: 100, groups: [200] }
const MODES = [
  // The first that fits decides: owner, group, others.
  [0o200, { uid: 1_000, gid: 1 }, true],
  [0o077, { uid: 1_000, gid: 100 }, false],
  [0o020, { uid: 1, gid: 100 }, true],
  [0o020, { uid: 1, gid: 200 }, true],
  [0o707, { uid: 1, gid: 200 }, false],
  [0o002, { uid: 1, gid: 300 }, true],
  [0o770, { uid: 1, gid: 300 }, false],
]

for (const [mode, owner, expected] of MODES) {
  test(`mode ${mode.toString(8)} of ${inspect(owner)} lets the user write: ${expected}`, (t) => {
    t.is(allows({ mode, ...owner }, USER, WRITE), expected)
    t.true(allows({ mode, ...owner }, { uid: 0, gid: 0, groups: [] }, WRITE))
  })
}

test('all rights that are asked for are needed', (t) => {
  const owned = { mode: 0o600, uid: 1_000, gid: 1 }
  t.true(allows(owned, USER, READ | WRITE))
  t.false(allows(owned, USER, WRITE | ENTER))
})

needs('root')("another user's access is told by the modes", (t) => {
  const place = folder(t)
  const file = place.write('a', '')
  t.is(deniedTo(USER, file, WRITE), `its mode is 644, its owner 0:0, which does not let user ${USER.uid} in`)
  chownSync(file, USER.uid, 0)
  t.is(deniedTo(USER, file, READ | WRITE), undefined)
  t.throws(() => deniedTo(USER, place.file('missing'), WRITE), { code: 'ENOENT' })
  t.notThrows(() => checkAccess(file, WRITE))
  t.throws(() => checkAccess(place.file('missing'), WRITE), { code: 'ENOENT' })
})

/** What a start as nobody rejects with; it must leave no process behind. */
async function asNobody(place, log) {
  const program = place.write(
    'start.mjs',
    `import { Daemon } from "DAIMON"
     const [pidFile, script, log] = process.argv.slice(2)
     await new Daemon({ pidFile, script, log: JSON.parse(log) }).start().catch((error) => {
       console.log(JSON.stringify({ ...error, message: error.message, cause: error.cause?.code }))
     })`,
  )
  const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  mkdirSync(place.file('run'))
  chownSync(place.file('run'), NOBODY, NOBODY)
  chmodSync(place.path, 0o755)
  const own = [program, place.file('run/a.pid'), script, JSON.stringify(log)]
  const args = [`--reuid=${NOBODY}`, '--clear-groups', process.execPath, ...own]
  const { stdout, stderr } = await place.command('setpriv', args)
  if (stderr !== '') throw new Error(stderr)
  return stdout === '' ? undefined : JSON.parse(stdout)
}

const code = 'ERR_DAEMON_INVALID_OPTION'

needs('root', 'setpriv')(
  'a log in a folder that may not be written is refused, unless it is there',
  async (t) => {
    const place = folder(t)
    const file = place.file('a.log')
    const expected = { code, option: 'log', value: file, cause: 'EACCES' }
    t.like(await asNobody(place, file), expected)
    t.deepEqual(place.processes(), [])
    t.false(readdirSync(place.path).includes('a.log'))
    t.deepEqual(readdirSync(place.file('run')), [])
  },
)

needs('root', 'setpriv')('a log that is there needs no writable folder, but for its rotation', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', '')
  chownSync(file, NOBODY, NOBODY)
  t.is(await asNobody(place, { file }), undefined)
  await new Daemon({ pidFile: place.file('run/a.pid') }).stop()
})

needs('root', 'setpriv')('a rotation in a folder that may not be written is refused', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', '')
  chownSync(file, NOBODY, NOBODY)
  const error = await asNobody(place, { file, maxSize: 1_000 })
  t.like(error, { code, option: 'log.maxSize', value: 1_000, cause: 'EACCES' })
  t.true(error.message.includes(place.path))
  t.deepEqual(readdirSync(place.file('run')), [])
})
