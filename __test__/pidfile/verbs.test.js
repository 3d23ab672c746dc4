import { readFileSync } from 'node:fs'
import test from 'ava'
import { Daemon, send } from '../../dist/index.js'
import { alive, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { canary, hold, idle, locks } from '../helpers/pidfile.js'

/** Texts that name nobody who could be proven: what they would hit if they were believed is a canary, or us. */
const TEXTS = {
  empty: () => '',
  'white space': () => ' \n\t\n',
  '-1': () => '-1\n',
  0: () => '0\n',
  1: () => '1\n',
  '2^31': () => '2147483648\n',
  '2^32+1': () => '4294967297\n',
  '2^32 + a PID': (pid) => `${2 ** 32 + pid}\n`,
  'minus a PID': (pid) => `-${pid}\n`,
  'NUL after a PID': (pid) => `${pid}\0`,
  'NUL before a newline': (pid) => `${pid}\0\n`,
  'CRLF after a PID': (pid) => `${pid}\r\n`,
  'no newline after a PID': (pid) => `${pid}`,
  'a zero before a PID': (pid) => `0${pid}\n`,
  'a space before a PID': (pid) => ` ${pid}\n`,
  'two PIDs': (pid) => `${pid}\n${pid}\n`,
  'a PID, strictly': (pid) => `${pid}\n`,
  'the PID of this very process': () => `${process.pid}\n`,
  'a megabyte': (pid) => `${pid}\n`.repeat(1_000_000 / `${pid}\n`.length),
  'a megabyte of NULs': () => '\0'.repeat(1_000_000),
}

/** One file for every text. */
function files(place, pid) {
  return Object.entries(TEXTS).map(([name, textFor], index) => {
    const text = textFor(pid)
    return { name, text, path: place.write(`${index}.pid`, text) }
  })
}

// The strongest that there is: whoever got it would not be here to tell.
const SIGNALLING = {
  'stop()': (daemon) => daemon.stop({ stopSignal: 'SIGKILL', stopTimeout: 1 }),
  'signal()': (daemon) => daemon.signal('SIGKILL'),
  'reload()': (daemon) => daemon.reload(),
  'send()': (daemon) => send(daemon.pidFile, 'SIGKILL'),
}

/** If anybody were hit by SIGHUP, it would be us. */
function surviveNothing(t) {
  const onHup = () => t.fail('SIGHUP came')
  process.on('SIGHUP', onHup)
  t.teardown(() => process.off('SIGHUP', onHup))
}

test.serial('an unlocked pidfile is a stopped daemon, whatever it holds', async (t) => {
  const place = folder(t)
  const pid = await canary(place)
  for (const { name, text, path } of files(place, pid)) {
    const expected = { state: 'stopped', pidFile: path, stale: text !== '' }
    t.deepEqual(await new Daemon({ pidFile: path }).status(), expected, name)
    t.is(readFileSync(path, 'utf8'), text, name)
  }
  t.true(alive(pid))
})

for (const [verb, call] of Object.entries(SIGNALLING)) {
  test.serial(`${verb} on an unlocked pidfile signals nobody, whatever it holds`, async (t) => {
    surviveNothing(t)
    const place = folder(t)
    const pid = await canary(place)
    for (const { name, text, path } of files(place, pid)) {
      const asked = call(new Daemon({ pidFile: path }))
      if (verb === 'stop()') t.like(await asked, { wasRunning: false, forced: false }, name)
      else
        t.like(await t.throwsAsync(asked, undefined, name), {
          code: 'ERR_DAEMON_NOT_RUNNING',
          pidFile: path,
        })
      t.is(readFileSync(path, 'utf8'), text, name)
    }
    t.true(alive(pid))
  })
}

needs('python3')('a pidfile that a stranger holds is unverified, whatever it holds', async (t) => {
  const place = folder(t)
  const pid = await canary(place)
  const all = files(place, pid)
  const holder = await hold(
    place,
    all.map(({ path }) => path),
  )
  await Promise.all(
    all.map(async ({ name, text, path }) => {
      const status = await new Daemon({ pidFile: path }).status()
      t.like(status, { state: 'unverified', pidFile: path }, name)
      t.is(typeof status.reason, 'string', name)
      t.is(readFileSync(path, 'utf8'), text, name)
    }),
  )
  t.deepEqual(
    place.processes().sort((a, b) => a - b),
    [pid, holder].sort((a, b) => a - b),
  )
})

for (const [verb, call] of Object.entries(SIGNALLING)) {
  needs('python3')(
    `${verb} on a pidfile that a stranger holds signals nobody, whatever it holds`,
    async (t) => {
      surviveNothing(t)
      const place = folder(t)
      const pid = await canary(place)
      const all = files(place, pid)
      const holder = await hold(
        place,
        all.map(({ path }) => path),
      )
      await Promise.all(
        all.map(async ({ name, text, path }) => {
          const error = await t.throwsAsync(call(new Daemon({ pidFile: path })), undefined, name)
          t.like(error, { name: 'UnverifiedError', code: 'ERR_DAEMON_UNVERIFIED', pidFile: path }, name)
          const { pid: named, reason } = await new Daemon({ pidFile: path }).status()
          t.deepEqual({ named: error.pid, reason: error.reason }, { named, reason }, name)
          t.is(readFileSync(path, 'utf8'), text, name)
        }),
      )
      t.deepEqual(
        place.processes().sort((a, b) => a - b),
        [pid, holder].sort((a, b) => a - b),
      )
    },
  )
}

needs('python3')(
  'a start against a lock that a stranger holds is refused, names who has it open, changes nothing',
  async (t) => {
    const place = folder(t)
    const pid = await canary(place)
    const path = place.write('a.pid', `${pid}\n`)
    const holder = await hold(place, [path])
    const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
    const error = await t.throwsAsync(new Daemon({ pidFile: path, script }).start())
    t.like(error, { code: 'ERR_DAEMON_PIDFILE', reason: 'lock-leaked', pidFile: path })
    t.regex(error.message, new RegExp(`\\b${holder}\\b`))
    t.is(place.read('a.pid'), `${pid}\n`)
    t.true(alive(pid) && alive(holder))
  },
)

for (const [mode, how] of [
  ['write', 'as cron does'],
  ['posix', 'with a lock of POSIX on the whole file'],
]) {
  needs('python3')(
    `a program that locks its pidfile and writes its own PID, ${how}, is proven and thus running`,
    async (t) => {
      const place = folder(t)
      const path = place.write('a.pid', '')
      const holder = await hold(place, [path], mode)
      const daemon = new Daemon({ pidFile: path })
      const { state, pid, starting } = await daemon.status()
      t.deepEqual([state, pid, starting], ['running', holder, undefined])
      const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
      const error = await t.throwsAsync(new Daemon({ pidFile: path, script }).start())
      t.like(error, { code: 'ERR_DAEMON_ALREADY_RUNNING', pid: holder })
      await daemon.with({ readyTimeout: 0 }).signal('SIGWINCH')
      t.like(await daemon.stop(), { wasRunning: true })
      t.false(alive(holder))
    },
  )
}

needs('python3')(
  'a program that has a read lock on a pidfile does not hold it, and a start beside it is proven by its flock',
  async (t) => {
    const place = folder(t)
    const path = place.write('a.pid', '')
    const reader = await hold(place, [path], 'read')
    const daemon = idle(place)
    t.like(await daemon.status(), { state: 'stopped', stale: true })
    const { pid } = await daemon.start()
    // Its name tag could not be put on, so nothing tells that it was starting.
    t.deepEqual(locks(path, pid), [])
    const status = await daemon.status()
    t.deepEqual([status.state, status.pid, status.starting], ['running', pid, undefined])
    await daemon.with({ readyTimeout: 0 }).signal('SIGWINCH')
    t.like(await daemon.stop(), { wasRunning: true })
    t.true(alive(reader))
  },
)
