// What comes from elsewhere may have any length and hold anything: names of processes, pidfiles, variables, arguments.
import { copyFileSync, readFileSync, truncateSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { deserialize } from 'node:v8'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { daimon } from '../helpers/cli.js'
import { folder, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { hold, idle } from '../helpers/pidfile.js'
import { supervised } from '../helpers/supervisor.js'

needs(
  'root',
  'setpriv',
  'processor of its own',
)('a daemon is known whose name is cut in the middle of a character', async (t) => {
  const place = folder(t)
  const program = place.write(
    'program.mjs',
    `import { daemonize } from "DAIMON"
       // The kernel keeps 15 bytes.
       await daemonize({ pidFile: 'own/a.pid', title: 'fourteen bytesé' })
       setInterval(() => {}, 1e6)`,
  )
  const line = `mkdir own && chown 65534 own && chmod 755 . && exec setpriv --reuid=65534 --clear-groups "$0" "$1"`
  t.like(await place.command('sh', ['-c', line, process.execPath, program]), { code: 0, stderr: '' })
  const pid = Number(place.read('own/a.pid'))
  t.deepEqual(readFileSync(`/proc/${pid}/comm`), Buffer.from('fourteen bytes\xc3\n', 'latin1'))
  const daemon = new Daemon({ pidFile: place.file('own/a.pid') })
  t.like(await daemon.status(), { state: 'running', pid })
  t.like(await daemon.stop(), { wasRunning: true })
})

needs('python3')('names of processes in an error are one line, and no list without an end', async (t) => {
  const place = folder(t)
  const path = place.write('a.pid', '')
  const holds = place.write(
    'holds.py',
    `import fcntl, os, signal, sys, time
file = open(sys.argv[1], 'r+b')
fcntl.flock(file, fcntl.LOCK_EX)
for _ in range(30):
    if os.fork() == 0: break
open('/proc/self/comm', 'wb').write(b'a\\n\\x1b[2J)\\xff b')
os.write(1, b'.')
time.sleep(1000)`,
  )
  const holder = place.spawnCommand('python3', [holds, path])
  await until(() => holder.output().stdout === '.'.repeat(31), 'the holders')
  const error = await t.throwsAsync(idle(place).start(), { code: 'ERR_DAEMON_PIDFILE' })
  t.is(error.reason, 'lock-leaked')
  t.regex(error.message, /\(a\?\?\[2J\)\ufffd b\), /)
  t.regex(error.message, /\) and 15 more$/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  t.notRegex(error.message, /[\x00-\x1f]/)
})

needs('python3')('a holder with very many other locks on its pidfile is proven by its flock', async (t) => {
  const place = folder(t)
  const path = place.write('a.pid', '')
  const holds = place.write(
    'holds.py',
    `import fcntl, os, sys, time
file = open(sys.argv[1], 'r+b')
fcntl.flock(file, fcntl.LOCK_EX)
file.write(b'%d\\n' % os.getpid())
file.flush()
for at in range(5000): fcntl.lockf(file, fcntl.LOCK_SH, 1, 100 + 2 * at)
os.write(1, b'held')
time.sleep(1000)`,
  )
  const holder = place.spawnCommand('python3', [holds, path])
  await until(() => holder.output().stdout === 'held', 'the holder')
  t.like(await new Daemon({ pidFile: path }).status(), { state: 'running', pid: holder.pid })
})

test.serial('a pidfile of 10 GB is looked at by its beginning, and left alone', async (t) => {
  const place = folder(t)
  truncateSync(place.write('a.pid', '12\n'), 10e9)
  const daemon = idle(place)
  t.like(await daemon.status(), { state: 'stopped', stale: true })
  t.like(await daemon.stop(), { wasRunning: false })
  t.like(await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_PIDFILE' }), { reason: 'garbage' })
})

needs('python3')('one that is held is unverified', async (t) => {
  const place = folder(t)
  truncateSync(place.write('a.pid', '12\n'), 10e9)
  await hold(place, [place.file('a.pid')])
  t.like(await idle(place).status(), { state: 'unverified', pid: undefined })
})

test.serial('arguments of hundreds of megabytes arrive whole', async (t) => {
  const place = folder(t)
  const file = place.file('args')
  const bytes = Buffer.alloc(300_000_000, 'abcdefg')
  await body({ pidFile: place.file('a.pid') }).start('back', file, bytes, 'last')
  const [back, last] = deserialize(readFileSync(file))
  t.true(bytes.equals(back))
  t.is(last, 'last')
})

test.serial('arguments of more than 1 GiB are refused before anything happens', async (t) => {
  const place = folder(t)
  const half = Buffer.alloc(2 ** 29)
  const error = await t.throwsAsync(idle(place).start(half, half.subarray(0)), {
    code: 'ERR_DAEMON_INVALID_OPTION',
  })
  t.like(error, { option: 'args', value: undefined })
  t.regex(
    error.message,
    /^The arguments take 1073\d{6} bytes, and a daemon can be given 1073741824 \(1 GiB\)/,
  )
  t.deepEqual(place.processes(), [])
})

test.serial('a wrong adoption variable of any length is shown in short, on one line', async (t) => {
  const place = folder(t)
  const DAIMON_ADOPTION = `9:\n\u001b[2J${'x'.repeat(100_000)}`
  const preload = join(ROOT, 'dist/preload.cjs')
  const { code, stderr } = await place.node(['--require', preload, '-e', '0'], { env: { DAIMON_ADOPTION } })
  t.not(code, 0)
  const [line] = /Error: daimon: .*/.exec(stderr)
  t.regex(line, /DAIMON_ADOPTION=9:\?\?\[2Jx+…: it is not of the form/)
  t.true(line.length < 400)
})

needs('python3')(
  'thousands of sockets are named at once, and a promise of all descriptors ends',
  async (t) => {
    const place = folder(t)
    const server = createServer()
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const program = place.write(
      'program.mjs',
      `import { Daemon } from "DAIMON"
     const begin = performance.now()
     const found = await new Daemon({ pidFile: 'a.pid', run() {} }).foreground().catch((error) => error)
     const took = performance.now() - begin
     const { code, message } = found
     console.log(JSON.stringify({ code, message, count: Object.keys(found.sockets ?? {}).length, took }))`,
    )
    const COUNT = 10_000
    const stdio = ['ignore', 'pipe', 'inherit', ...Array(COUNT).fill(server._handle)]
    const run = async (LISTEN_FDS) => {
      const { stdout } = await supervised(place, { LISTEN_PID: 'PID', LISTEN_FDS }, [program], { stdio }).done
      return JSON.parse(stdout)
    }
    const named = await run(String(COUNT))
    t.is(named.count, COUNT)
    t.true(named.took < 3_000, `${named.took} ms`)
    const promised = await run('2147483647')
    t.is(promised.code, 'ERR_DAEMON_START_FAILED')
    t.regex(promised.message, /LISTEN_FDS promises 2147483647 sockets, but descriptor \d+ is none/)
    server.close()
  },
)

test.serial('what is no manifest is not read for a preload', async (t) => {
  const place = folder(t)
  place.write('node_modules/pipe/index.js', '')
  await place.command('mkfifo', [place.file('node_modules/pipe/package.json')])
  const module = JSON.stringify(join(ROOT, 'build/launcher/node-flags.js'))
  const program = `const { absoluteExecArgv } = await import(${module})
    console.log(absoluteExecArgv(['--import', 'pipe'], process.cwd()).join())`
  const { done, child } = place.spawn(['--input-type=module', '-e', program])
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  t.like(await done, { code: 0, stdout: '--import,pipe\n' })
  clearTimeout(timer)
})

test.serial('list finds its pidfiles among very many other files, in order', async (t) => {
  const place = folder(t)
  const names = Array.from({ length: 300 }, (_, at) => `name-${at}`).sort()
  for (const name of names) place.write(`many/${name}.pid`, '')
  for (let at = 0; at < 20_000; at++) copyFileSync('/dev/null', place.file(`many/${at}.pid~`))
  const { code, stdout } = await daimon(place, 'list', '--json', '--folder', place.file('many'))
  t.is(code, 0)
  const seen = JSON.parse(stdout).filter(({ pidFile }) => pidFile.startsWith(place.path))
  t.deepEqual(
    seen.map(({ name }) => name),
    names,
  )
  t.true(seen.every(({ state }) => state === 'stopped'))
})
