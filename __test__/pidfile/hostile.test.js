import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { send } from '../../dist/index.js'
import { alive, folder, ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { canary, idle } from '../helpers/pidfile.js'

const NOBODY = 65_534

/** Everything below a folder, as it was: kind, mode, owner, links, content. */
function snapshot(path) {
  const { mode, uid, nlink, ino, size, mtimeMs } = lstatSync(path)
  const kind = mode & 0o170000
  const content =
    kind === 0o040000
      ? readdirSync(path).map((name) => [name, snapshot(join(path, name))])
      : kind === 0o100000
        ? readFileSync(path).toString('latin1')
        : kind === 0o120000
          ? readlinkSync(path)
          : ''
  return kind === 0o040000 ? { mode, uid, content } : { mode, uid, nlink, ino, size, mtimeMs, content }
}

/** A start must be refused for that reason, naming the path, and nothing may have changed. */
async function refuses(t, place, reason, pidFile = place.file('box/a.pid')) {
  const daemon = idle(place, { pidFile })
  const before = snapshot(place.path)
  const error = await t.throwsAsync(daemon.start())
  t.like(error, { name: 'PidFileError', code: 'ERR_DAEMON_PIDFILE', reason, pidFile })
  t.true(error.message.includes(pidFile), error.message)
  t.deepEqual(snapshot(place.path), before)
  return daemon
}

/** A folder with a folder `box` in it, in which the pidfile is to be. */
function boxed(t) {
  const place = folder(t)
  mkdirSync(place.file('box'), 0o755)
  return place
}

const GARBAGE = {
  text: () => 'remember the milk\n',
  'a negative number': () => '-1',
  'minus the PID of a stranger': (stranger) => `-${stranger}\n`,
  'a PID with more after it': (stranger) => `${stranger}\n/usr/bin/something\n`,
  'a megabyte of digits': () => '1'.repeat(1_000_000),
  'a megabyte of NULs': () => '\0'.repeat(1_000_000),
  '33 digits': () => '1'.repeat(33),
  "somebody's package.json": () => readFileSync(join(ROOT, 'package.json')),
}

for (const [name, text] of Object.entries(GARBAGE)) {
  test.serial(`a start refuses a pidfile that holds ${name}, and leaves it as it is`, async (t) => {
    const place = boxed(t)
    const stranger = await canary(place)
    writeFileSync(place.file('box/a.pid'), text(stranger))
    await refuses(t, place, 'garbage')
    t.deepEqual(place.processes(), [stranger])
  })
}

/** What stands in the pidfile's place, and the reason of the refusal. */
const KINDS = {
  'a symbolic link to a pidfile': [
    'symlink',
    ({ file }) => {
      writeFileSync(file('target'), '')
      symlinkSync('../target', file('box/a.pid'))
    },
  ],
  'a dangling symbolic link': ['symlink', ({ file }) => symlinkSync('../target', file('box/a.pid'))],
  'a hard link': [
    'hard-linked',
    ({ file }) => {
      writeFileSync(file('target'), '')
      linkSync(file('target'), file('box/a.pid'))
    },
  ],
  'a FIFO': ['not-regular', ({ file }) => execFileSync('mkfifo', [file('box/a.pid')])],
  'a folder': ['not-regular', ({ file }) => mkdirSync(file('box/a.pid'))],
  'a file that everybody can write to': [
    'world-writable',
    ({ file }) => {
      writeFileSync(file('box/a.pid'), '')
      chmodSync(file('box/a.pid'), 0o666)
    },
  ],
}

for (const [name, [reason, make]] of Object.entries(KINDS)) {
  test.serial(`a start refuses ${name} in the pidfile's place`, async (t) => {
    const place = boxed(t)
    make(place)
    await refuses(t, place, reason)
    t.deepEqual(place.processes(), [])
  })
}

test.serial("a start refuses a socket in the pidfile's place", async (t) => {
  const place = boxed(t)
  const server = createServer()
  await new Promise((resolve) => server.listen(place.file('box/a.pid'), resolve))
  t.teardown(() => server.close())
  await refuses(t, place, 'not-regular')
})

needs('root', 'mknod')("a start refuses a device in the pidfile's place", async (t) => {
  const place = boxed(t)
  execFileSync('mknod', [place.file('box/a.pid'), 'c', '1', '3'])
  await refuses(t, place, 'not-regular')
})

test.serial('the null device is no pidfile', async (t) => {
  const daemon = idle(folder(t), { pidFile: '/dev/null' })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_PIDFILE' })
  t.true(['not-regular', 'unsafe-directory'].includes(error.reason), error.reason)
  t.true(lstatSync('/dev/null').isCharacterDevice())
})

needs('root')('a start refuses a pidfile that belongs to somebody else', async (t) => {
  const place = boxed(t)
  writeFileSync(place.file('box/a.pid'), '')
  chownSync(place.file('box/a.pid'), NOBODY, NOBODY)
  await refuses(t, place, 'foreign-owner')
})

needs('root')('a start refuses a pidfile in a folder that belongs to somebody else', async (t) => {
  const place = boxed(t)
  chownSync(place.file('box'), NOBODY, NOBODY)
  await refuses(t, place, 'unsafe-directory')
})

test.serial('a start refuses a pidfile in a folder in which everybody can replace it', async (t) => {
  const place = boxed(t)
  chmodSync(place.file('box'), 0o777)
  await refuses(t, place, 'unsafe-directory')
})

test.serial('a start refuses a pidfile in a missing folder, and does not make it', async (t) => {
  const place = boxed(t)
  const daemon = await refuses(t, place, 'missing-directory', place.file('box/no/such/a.pid'))
  t.is((await t.throwsAsync(daemon.start())).cause.code, 'ENOENT')
  t.false(existsSync(place.file('box/no')))
})

test.serial('a start refuses a pidfile below a file', async (t) => {
  const place = boxed(t)
  writeFileSync(place.file('box/file'), 'x')
  const daemon = await refuses(t, place, 'missing-directory', place.file('box/file/a.pid'))
  t.is((await t.throwsAsync(daemon.start())).cause.code, 'ENOTDIR')
})

for (const name of ['a symbolic link to a pidfile', 'a dangling symbolic link', 'a FIFO', 'a folder']) {
  test.serial(`no verb follows, waits for or changes ${name} in the pidfile's place`, async (t) => {
    const [reason, make] = KINDS[name]
    const place = boxed(t)
    make(place)
    const daemon = idle(place, { pidFile: place.file('box/a.pid') })
    const before = snapshot(place.path)
    const verbs = {
      status: () => daemon.status(),
      stop: () => daemon.stop(),
      restart: () => daemon.restart(),
      reload: () => daemon.reload(),
      signal: () => daemon.signal('SIGKILL'),
      exited: () => daemon.exited(),
      send: () => send(place.file('box/a.pid'), 'SIGKILL'),
    }
    for (const [verb, call] of Object.entries(verbs)) {
      const error = await t.throwsAsync(call(), undefined, verb)
      t.like(error, { code: 'ERR_DAEMON_PIDFILE', reason, pidFile: place.file('box/a.pid') }, verb)
    }
    t.deepEqual(snapshot(place.path), before)
    t.deepEqual(place.processes(), [])
  })
}

test.serial('a symbolic link to the pidfile of a running daemon leads no verb to it', async (t) => {
  const place = boxed(t)
  const { pid } = await idle(place).start()
  symlinkSync('../a.pid', place.file('box/a.pid'))
  const other = idle(place, { pidFile: place.file('box/a.pid') })
  for (const call of [() => other.stop(), () => other.signal('SIGKILL'), () => other.start()]) {
    await t.throwsAsync(call(), { code: 'ERR_DAEMON_PIDFILE' })
  }
  t.true(alive(pid))
  t.is(place.read('a.pid'), `${pid}\n`)
})
