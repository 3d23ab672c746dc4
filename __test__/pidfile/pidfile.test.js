import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, folder, KERNEL_TELLS, kill, until } from '../helpers/index.js'
import { canary, deadPid, idle } from '../helpers/pidfile.js'

const TAKEN_OVER = {
  'that is missing': () => undefined,
  'that is empty': () => '',
  'with the PID of a dead process': async (place) => `${await deadPid(place)}\n`,
  'with the PID of a living stranger': (_place, stranger) => `${stranger}\n`,
  'with the PID of the launcher': () => `${process.pid}\n`,
  'with a PID whose newline is missing': (_place, stranger) => `${stranger}`,
  'with a PID and CRLF': (_place, stranger) => `${stranger}\r\n`,
  'with a few digits': () => '00123456789',
  'with white space': () => ' \n\t\r\n',
  'with NULs': () => '\0\0\0\0',
  'with 32 digits': () => '9'.repeat(32),
}

for (const [name, textFor] of Object.entries(TAKEN_OVER)) {
  test.serial(`a start takes over a pidfile ${name}`, async (t) => {
    const place = folder(t)
    const stranger = await canary(place)
    const text = await textFor(place, stranger)
    if (text !== undefined) place.write('a.pid', text)
    const daemon = idle(place)
    const { pid } = await daemon.start()
    t.is(place.read('a.pid'), `${pid}\n`)
    t.like(await daemon.status(), { state: 'running', pid })
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
    t.false(existsSync(place.file('a.pid')))
    t.deepEqual(place.processes(), [stranger])
  })
}

test.serial('a pidfile has pidFileMode, whatever the umask is and the file had', async (t) => {
  const place = folder(t)
  const mode = () => (statSync(place.file('a.pid')).mode & 0o7777).toString(8)
  const umask = process.umask(0o077)
  t.teardown(() => process.umask(umask))
  await idle(place).start()
  t.is(mode(), '600')
  await idle(place).stop()
  writeFileSync(place.file('a.pid'), '', { mode: 0o600 })
  await idle(place, { pidFileMode: 0o644 }).start()
  t.is(mode(), '644')
  await idle(place).stop()
})

test.serial('a pidfile in a sticky folder that everybody writes to is accepted', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o1777)
  t.like(await idle(place).start(), { state: 'running' })
})

/** How a daemon can end by itself when SIGUSR2 comes. */
const ENDINGS = {
  'when its event loop has nothing left to do': ['clearInterval(timer)', 0],
  'when it calls process.exit': ['process.exit(3)', 3],
  'after an uncaught exception': ["throw new Error('out of the blue')", 1],
  'after an unhandled rejection': ["Promise.reject(new Error('out of the blue'))", 1],
}

for (const [name, [ending, code]] of Object.entries(ENDINGS)) {
  test.serial(`the pidfile is removed ${name}, after the last exit listener`, async (t) => {
    const place = folder(t)
    const script = place.write(
      'a.mjs',
      `import { existsSync, readFileSync, writeFileSync } from 'node:fs'
       const timer = setInterval(() => {}, 1e6)
       process.once('SIGUSR2', () => {
         // Registered last, so it runs last.
         process.on('exit', (code) => {
           writeFileSync('seen', code + ' ' + (existsSync('a.pid') && readFileSync('a.pid')))
         })
         ${ending}
       })`,
    )
    const daemon = idle(place, { script, cwd: place.path })
    const { pid } = await daemon.start()
    const exited = daemon.exited()
    await daemon.signal('SIGUSR2')
    const ended = await exited
    t.deepEqual(ended, KERNEL_TELLS ? { code } : {})
    t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: place.file('a.pid'), stale: false })
    t.false(existsSync(place.file('a.pid')))
    t.is(place.read('seen'), `${code} ${pid}\n`)
  })
}

test.serial('the pidfile of a Daemon with run() is removed when its body has ended', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `import { Daemon } from "DAIMON"
     const run = () => {
       const timer = setInterval(() => {}, 1e6)
       process.once('SIGUSR2', () => clearInterval(timer))
     }
     await new Daemon({ pidFile: 'a.pid', run }).start()`,
  )
  t.like(await place.node([program]), { code: 0, stderr: '' })
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  const exited = daemon.exited()
  await daemon.signal('SIGUSR2')
  await exited
  t.false(existsSync(place.file('a.pid')))
})

test.serial('children that the daemon forks do not remove its pidfile when they exit', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { execFileSync } from 'node:child_process'
     execFileSync(process.execPath, ['-e', 'process.exit(0)'])
     setInterval(() => {}, 1e6)`,
  )
  const { pid } = await idle(place, { script }).start()
  t.is(place.read('a.pid'), `${pid}\n`)
})

const REPLACED = {
  'replaced by the file of another': (path) => {
    writeFileSync(`${path}.new`, '4194000\n')
    renameSync(`${path}.new`, path)
  },
  'deleted and made again': (path) => {
    rmSync(path)
    writeFileSync(path, 'hello\n')
  },
}

for (const [name, replace] of Object.entries(REPLACED)) {
  test.serial(`a pidfile that is ${name} is not removed by the daemon that had it`, async (t) => {
    const place = folder(t)
    const daemon = idle(place)
    const { pid } = await daemon.start()
    replace(place.file('a.pid'))
    const text = place.read('a.pid')
    // Its old PID means nothing to the verbs any more.
    t.like(await daemon.stop(), { wasRunning: false })
    t.true(alive(pid))
    kill(pid, 'SIGTERM')
    await until(() => !alive(pid), 'the end')
    t.is(place.read('a.pid'), text)
  })
}

test.serial('a daemon whose pidfile was deleted ends as any other', async (t) => {
  const place = folder(t)
  const { pid } = await idle(place).start()
  rmSync(place.file('a.pid'))
  kill(pid, 'SIGTERM')
  await until(() => !alive(pid), 'the end')
  t.false(existsSync(place.file('a.pid')))
})

test.serial('a daemon that reads its own pidfile is still found and can be stopped', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { readFileSync, writeFileSync } from 'node:fs'
     writeFileSync('seen', readFileSync('a.pid'))
     setInterval(() => {}, 1e6)`,
  )
  const daemon = idle(place, { script, cwd: place.path })
  const { pid } = await daemon.start()
  t.is(place.read('seen'), `${pid}\n`)
  t.like(await daemon.status(), { state: 'running', pid })
  await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_ALREADY_RUNNING' })
  await daemon.signal('SIGCONT')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.false(alive(pid))
  t.false(existsSync(place.file('a.pid')))
})

test.serial('an unlocked pidfile is taken over though the process that it names reads it', async (t) => {
  const place = folder(t)
  writeFileSync(place.file('a.pid'), '')
  const reader = place.spawnCommand('sh', ['-c', 'exec 5<a.pid; echo open; exec sleep 1000'])
  await until(() => reader.output().stdout === 'open\n', 'the reader')
  writeFileSync(place.file('a.pid'), `${reader.pid}\n`)
  const daemon = idle(place)
  t.like(await daemon.status(), { state: 'stopped', stale: true })
  t.like(await daemon.stop(), { wasRunning: false })
  const { pid } = await daemon.start()
  t.is(readFileSync(place.file('a.pid'), 'utf8'), `${pid}\n`)
  await daemon.stop()
  t.true(alive(reader.pid))
})
