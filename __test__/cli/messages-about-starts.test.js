// What people are told of a start: that it is true, and what helps.
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { at, daimon, idle, logged } from '../helpers/cli.js'
import { folder, KERNEL_TELLS } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const QUICK = "console.log('done')"

test.serial(
  'a start of what has ended already says so, with the code, and claims nothing else',
  async (t) => {
    const place = folder(t)
    for (const [name, text] of [
      ['quick.mjs', QUICK],
      ['quick.cjs', QUICK],
      [
        'later.mjs',
        "await new Promise((resolve) => setTimeout(resolve, 50)); process.on('SIGTERM', () => {})",
      ],
    ]) {
      const script = place.write(name, text)
      for (const verb of ['start', 'restart']) {
        const { code, stdout, stderr } = await daimon(place, verb, ...logged(place), script)
        t.deepEqual(
          [code, stdout, stderr],
          [0, '', `${place.file('a.pid')} has ended already, with code 0\n`],
          name,
        )
      }
      const json = await daimon(place, 'start', ...logged(place), '--json', script)
      t.is(json.code, 0)
      const { pid, ...told } = JSON.parse(json.stdout)
      t.is(typeof pid, 'number')
      t.deepEqual(told, { state: 'stopped', pidFile: place.file('a.pid'), stale: false, ended: { code: 0 } })
    }
  },
)

test.serial('a start() of what has ended already resolves, and tells how it ended', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `import { Daemon, daemonize } from "DAIMON"
     const told = []
     const run = new Daemon({
       pidFile: 'run.pid',
       run: (daemon, code) => daemon.onStop(() => { process.exitCode = code }),
     })
     told.push(await run.start(0))
     told.push(await daemonize({ pidFile: 'inline.pid', exit: false }))
     if (told[1].role === 'launcher') console.log(JSON.stringify(told))`,
  )
  const { code, stdout, stderr } = await place.node([program])
  t.deepEqual([code, stderr], [0, ''])
  const [run, inline] = JSON.parse(stdout)
  t.like(run, { state: 'running', pidFile: place.file('run.pid'), ended: { code: 0 } })
  t.like(inline, {
    role: 'launcher',
    state: 'running',
    pidFile: place.file('inline.pid'),
    ended: { code: 0 },
  })
  t.deepEqual(place.processes(), [])
})

for (const [what, text] of Object.entries({
  'a timer': 'setTimeout(() => {}, 1e6)',
  'a worker': "new (require('node:worker_threads').Worker)('setInterval(() => {}, 1e6)', { eval: true })",
  'a watched folder': "require('node:fs').watch('.')",
  'a child': "require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])",
})) {
  test.serial(`what is kept alive by ${what} runs`, async (t) => {
    const place = folder(t)
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script: place.write('a.cjs', text) })
    const { pid, ended } = await daemon.start()
    t.is(ended, undefined)
    t.like(await daemon.status(), { state: 'running', pid })
    await daemon.stop()
  })
}

needs('limits of Unix')(
  'an environment, or an argument, that is too large is told with its size',
  async (t) => {
    const place = folder(t)
    const script = idle(place)
    const start = (options) => new Daemon({ pidFile: place.file('a.pid'), script, ...options }).start()
    const secret = 's3cret'.repeat(40_000)
    const env = await t.throwsAsync(start({ env: { BIG: secret, SMALL: '1' } }), {
      code: 'ERR_DAEMON_START_FAILED',
    })
    t.like(env, { step: 'exec', cause: { code: 'E2BIG' } })
    t.regex(
      env.message,
      /: its arguments have \d+ bytes and its environment 24\d{4}, the variable BIG alone 240005, /,
    )
    t.notRegex(env.message, /s3cret/)
    const args = await t.throwsAsync(start({ scriptArgs: [secret] }), { code: 'ERR_DAEMON_START_FAILED' })
    t.regex(
      args.message,
      /: its arguments have 24\d{4} bytes and its environment \d+, the largest argument 240001, /,
    )
    t.notRegex(args.message, /s3cret/)
  },
)

needs('signals of Unix')('a native abort is told by its first line', async (t) => {
  const place = folder(t)
  const start = (options) =>
    new Daemon({ pidFile: place.file('a.pid'), log: place.file('a.log'), ...options }).start()
  const hungry = place.write(
    'hungry.mjs',
    "const all = []\nfor (;;) all.push(new Array(1e4).fill(all.length + 'x'))",
  )
  const memory = await t.throwsAsync(start({ script: hungry, execArgv: ['--max-old-space-size=20'] }))
  t.is(memory.code, 'ERR_DAEMON_START_FAILED')
  t.regex(memory.message, /before it was ready: FATAL ERROR: .*out of memory$/)
  t.regex(memory.log, /^FATAL ERROR: .*out of memory$/m)
  const abort = place.write('abort.mjs', "console.log('about to serve')\nprocess.abort()")
  const aborted = await t.throwsAsync(start({ script: abort }))
  t.regex(
    aborted.message,
    /before it was ready: it aborted( at .*)?, by process\.abort\(\) or in native code$/,
  )
  if (KERNEL_TELLS) t.is(aborted.exitSignal, 'SIGABRT')
})

test.serial('a script that makes itself a daemon is told how to be started', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { daemonize } from "DAIMON"
     await daemonize({ pidFile: 'own.pid' })
     setInterval(() => {}, 1e6)`,
  )
  const { code, stderr } = await daimon(place, 'start', ...logged(place), script)
  t.is(code, 1)
  await daimon(place, 'stop', ...at(place, 'own'))
  const advice = `A script that calls daemonize() is not started so: give ${script} to node`
  t.true(stderr.endsWith(`exited with code 0 before it was ready. ${advice}\n`), stderr)
  const other = await daimon(place, 'start', ...logged(place), place.write('b.mjs', 'process.exit(0)'))
  t.is(other.code, 1)
  t.true(other.stderr.endsWith('exited with code 0 before it was ready\n'), other.stderr)
})
