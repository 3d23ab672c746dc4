import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { fixture, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const INSIDE = fixture('launcher/inside.cjs')

/** Starts the script that looks at itself, with options as JSON. */
const START = `
import { Daemon } from "DAIMON"
const [pidFile, script, seen, options] = process.argv.slice(2)
await new Daemon({ pidFile, script, scriptArgs: [seen], ...JSON.parse(options ?? '{}') }).start()
`

const startArgs = (place, options = {}) => [
  place.write('start.mjs', START),
  place.file('a.pid'),
  INSIDE,
  place.file('seen'),
  JSON.stringify(options),
]

const seenBy = (place) => JSON.parse(place.read('seen'))

/** How Node looks from inside where nobody has become a daemon and nothing is blocked or ignored. */
async function plainNode(place) {
  const plain = place.spawn([INSIDE, place.file('plain')], { stdio: 'ignore' })
  await until(() => existsSync(place.file('plain')) && place.read('plain').endsWith('}'), 'plain Node')
  plain.child.kill()
  return JSON.parse(place.read('plain'))
}

/** Executes a program with all signals blocked, and those ignored that can be. */
const EVIL = `
import os, signal, sys
every = set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, 32, 33}
for number in every - {signal.SIGCHLD}:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, every)
os.execv(sys.argv[1], sys.argv[1:])
`

needs('python3', 'processor of its own')(
  'blocked and ignored signals of the launcher do not reach the daemon',
  async (t) => {
    const place = folder(t)
    const { blocked, ignored } = await plainNode(place)
    const args = ['-c', EVIL, process.execPath, ...startArgs(place)]
    t.like(await place.command('python3', args), { code: 0, stderr: '' })
    t.like(seenBy(place), { blocked, ignored })
    t.is(BigInt(`0x${blocked}`), 0n)
    // It hears what its launcher could not.
    const daemon = new Daemon({ pidFile: place.file('a.pid') })
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
  },
)

needs('nohup')('a daemon that is started under nohup still reloads on SIGHUP', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { writeFileSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     Daemon.current.on('reload', () => writeFileSync('reloaded', ''))
     setInterval(() => {}, 1e6)`,
  )
  const program = place.write('start.mjs', START)
  const args = [process.execPath, program, place.file('a.pid'), script, 'x']
  t.like(await place.command('nohup', args), { code: 0 })
  await new Daemon({ pidFile: place.file('a.pid') }).reload()
  await until(() => existsSync(place.file('reloaded')), 'the reload')
  t.pass()
})

for (const stdio of [{}, { stdout: 'inherit', stderr: 'inherit', stdin: 'inherit' }]) {
  const how = 'stdout' in stdio ? 'inherited' : 'not inherited'
  test.serial(
    `with 0, 1 and 2 closed in the launcher, and ${how}, nothing lands in the pidfile`,
    async (t) => {
      const place = folder(t)
      const shell = 'exec "$@" <&- >&- 2>&-'
      const args = ['-c', shell, 'sh', process.execPath, ...startArgs(place, stdio)]
      t.like(await place.command('sh', args), { code: 0 })
      const { pid } = await new Daemon({ pidFile: place.file('a.pid') }).status()
      t.is(place.read('a.pid'), `${pid}\n`)
      for (const fd of [0, 1, 2]) {
        const { target } = seenBy(place).fds.find((one) => one.fd === fd)
        t.not(target, place.file('a.pid'), `fd ${fd}`)
        t.notRegex(target, /^socket:/, `fd ${fd}`)
      }
    },
  )
}

test.serial(
  "what belongs to the launcher's supervisor, parent or test runner is not inherited",
  async (t) => {
    const place = folder(t)
    const own = {
      NOTIFY_SOCKET: '/no/such/socket',
      LISTEN_FDS: '1',
      LISTEN_PID: '1',
      LISTEN_FDNAMES: 'web',
      WATCHDOG_USEC: '1000000',
      WATCHDOG_PID: '1',
      SYSTEMD_EXEC_PID: '1',
      JOURNAL_STREAM: '1:2',
      NODE_TEST_CONTEXT: 'child',
      NODE_UNIQUE_ID: '1',
      WATCH_REPORT_DEPENDENCIES: '1',
    }
    // Set by the program, since Node itself acts on some of them when it starts.
    const program = place.write(
      'start.mjs',
      `Object.assign(process.env, ${JSON.stringify(own)}, { KEPT: 'kept' })\n${START}`,
    )
    const args = [program, place.file('a.pid'), INSIDE, place.file('seen')]
    t.like(await place.node(args), { code: 0, stderr: '' })
    const { env } = seenBy(place)
    t.is(env.KEPT, 'kept')
    t.deepEqual(
      Object.keys(own).filter((name) => name in env),
      [],
    )
  },
)

test.serial("a forked launcher's channel to its parent does not reach the daemon", async (t) => {
  const place = folder(t)
  const [program, ...args] = startArgs(place)
  const child = fork(program, args, { cwd: place.path })
  const [code] = await new Promise((resolve) => child.once('close', (...result) => resolve(result)))
  t.is(code, 0)
  const { env, send } = seenBy(place)
  t.is(send, 'undefined')
  t.deepEqual(
    Object.keys(env).filter((name) => name.startsWith('NODE_CHANNEL')),
    [],
  )
})

test.serial("the inspector's flags are dropped, other flags of the launcher are kept", async (t) => {
  const place = folder(t)
  const flags = ['--inspect=127.0.0.1:0', '--stack-trace-limit=7', '--no-warnings']
  t.like(await place.node([...flags, ...startArgs(place)]), { code: 0 })
  t.deepEqual(seenBy(place).execArgv, ['--stack-trace-limit=7', '--no-warnings'])
})
