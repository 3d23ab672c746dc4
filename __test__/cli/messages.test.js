// What people are told: that it is true, and what helps.
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import test from 'ava'
import { Daemon, send } from '../../dist/index.js'
import { at, BIN, daimon, idle, logged, PLAIN } from '../helpers/cli.js'
import { fixture, folder, KERNEL_TELLS } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

test.serial('a flag that lacks its value says which words there are, or what it takes', async (t) => {
  const place = folder(t)
  for (const [words, line] of [
    [['--detach'], /^daimon: --detach takes a value: auto, true or false\. See/],
    [['--detach', '--umask', '022'], /^daimon: --detach takes a value: auto, true or false\. See/],
    [['--ready'], /^daimon: --ready takes a value: auto, manual or running\. See/],
    [['--ready-timeout'], /^daimon: --ready-timeout takes a value: --ready-timeout MS\. See/],
    [['--log'], /^daimon: --log takes a value: --log FILE\. One that begins with a dash: --log=-…\. See/],
    [['--core-dumps=maybe'], /^daimon: --core-dumps takes no value but true and false\. See/],
    [['--json=yes'], /^daimon: --json takes no value\. See/],
  ]) {
    const { code, stderr } = await daimon(place, 'start', ...at(place), 'x.js', ...words)
    t.is(code, 2)
    t.regex(stderr, line)
  }
})

for (const path of ['/dev/stdout', '/dev/stderr', '/dev/fd/1', '/proc/self/fd/1']) {
  test.serial(`${path} as a log is told to be no file, and what to say instead`, async (t) => {
    const place = folder(t)
    const script = idle(place)
    for (const [flag, instead] of [
      ['--log', '--stdout inherit and --stderr inherit'],
      ['--stdout', '--stdout inherit'],
    ]) {
      for (const verb of ['start', 'run']) {
        const { code, stderr } = await daimon(place, verb, ...at(place), flag, path, script)
        t.is(code, 2)
        t.regex(
          stderr,
          new RegExp(`^daimon: ${flag} \\('${path}'\\) .*\\. Leave it out, or say ${instead}\\.\n$`),
        )
      }
    }
    const error = await t.throwsAsync(
      new Daemon({ pidFile: place.file('a.pid'), script, stderr: path }).start(),
    )
    t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'stderr', value: path })
    t.regex(error.message, /^Option 'stderr' .*\. Leave it out, or say stderr: 'inherit'\.$/)
  })
}

test.serial('what is no file for a stream is told for all of them in the same words', async (t) => {
  const place = folder(t)
  execFileSync('mkfifo', [place.file('fifo')])
  for (const [path, is] of [
    [place.file('fifo'), 'a FIFO'],
    [place.path, 'a folder'],
    ['/proc/self/exe', 'a symbolic link'],
  ]) {
    for (const option of ['stdin', 'stdout', 'stderr', 'log']) {
      const daemon = new Daemon({ pidFile: place.file('a.pid'), script: idle(place), [option]: path })
      const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_INVALID_OPTION' })
      t.is(
        error.message,
        `Option '${option}' must be a regular file, but '${path}' is ${is}. Give the path of a file.`,
      )
      t.is(error.option, option)
    }
  }
})

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
  'a child': "require('node:child_process').spawn('sleep', ['1000'])",
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

test.serial('an environment, or an argument, that is too large is told with its size', async (t) => {
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
})

test.serial('a native abort is told by its first line', async (t) => {
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

needs(
  'root',
  'PID namespaces',
  'setpriv',
)('a holder that hidepid hides is told to be hidden', async (t) => {
  const place = folder(t)
  chownSync(place.path, 65534, 65534)
  chmodSync(place.path, 0o755)
  const args = [fixture('cli/hidden.sh'), process.execPath, BIN, place.path, idle(place)]
  const isolated = ['--pid', '--mount', '--fork', '--mount-proc', '--kill-child', 'sh', ...args]
  const { code, stdout, stderr } = await place.command('unshare', isolated, { env: PLAIN })
  t.is(code, 0, stderr)
  const [seen, hidden, statusCode, stopCode, own] = stdout.trimEnd().split('\n')
  t.like(JSON.parse(seen), { state: 'running' })
  const { state, pid, reason } = JSON.parse(hidden)
  t.deepEqual([state, pid, statusCode, stopCode], ['unverified', JSON.parse(seen).pid, '4', '1'])
  t.regex(reason, /^its holder cannot be looked into from here: \/proc is mounted with hidepid/)
  t.regex(stderr, /cannot be looked into from here: .*hidepid.*; no signal was sent/)
  t.like(JSON.parse(own), { state: 'running' })
})

needs('root', 'setpriv')('a folder that is closed is told to be the current one', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  mkdirSync(place.file('closed'), { mode: 0o700 })
  mkdirSync(place.file('theirs'))
  chownSync(place.file('theirs'), 65534, 65534)
  const script = idle(place)
  const cwd = place.file('closed')
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, BIN]
  const command = (...args) => place.command('setpriv', [...nobody, ...args], { cwd, env: PLAIN })
  const which = ['--pid-file', place.file('theirs/a.pid'), '--log', place.file('theirs/a.log')]
  for (const verb of ['start', 'run']) {
    const { code, stderr } = await command(verb, ...which, script)
    t.is(code, 2)
    t.regex(
      stderr,
      /^daimon: --cwd is not given, so it is the current folder, .*\/closed' is not: EACCES.*\. Give --cwd\.\n$/,
    )
  }
  t.is((await command('status', ...which.slice(0, 2))).code, 3)
  t.is((await command('start', ...which, '--cwd', '/', script)).code, 0)
  t.is((await command('stop', ...which.slice(0, 2))).code, 0)
  // To the user that it becomes.
  const inside = place.write('closed/inside.mjs', '')
  const user = await place.node([BIN, 'start', ...logged(place), '--user', '65534', inside], {
    cwd,
    env: PLAIN,
  })
  t.is(user.code, 1)
  t.regex(
    user.stderr,
    /It runs in the current folder, \S+\/closed, which user 65534 may not enter: give --cwd\./,
  )
})

test.serial('nobody is told to give what he cannot give there', async (t) => {
  const place = folder(t)
  const sent = await t.throwsAsync(send(undefined, 'SIGTERM'), { code: 'ERR_DAEMON_INVALID_OPTION' })
  t.is(sent.option, 'pidFile')
  t.notRegex(sent.message, /'name'/)
  const inline = place.write(
    'a.mjs',
    `import { daemonize } from "DAIMON"\nawait daemonize({ pidFile: 'a.pid' })`,
  )
  const piped = await place.command('sh', ['-c', '"$0" --input-type=module < "$1"', process.execPath, inline])
  t.regex(piped.stderr, /Give the daemon's module as 'script' to new Daemon\(\)/)
  const program = place.write(
    'b.mjs',
    `import { Daemon } from "DAIMON"
     const daemon = new Daemon({ pidFile: 'b.pid', script: ${JSON.stringify(idle(place))}, execPath: '/none' })
     await daemon.cli(process.argv.slice(2))`,
  )
  const { code, stderr } = await place.node([program, 'start'], { env: PLAIN })
  t.is(code, 2)
  t.regex(stderr, /^b\.mjs: Option 'execPath' must be a file that can be executed/)
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

test.serial('a folder that is for log and pidfile is told once', async (t) => {
  const place = folder(t)
  place.write('file', '')
  const { code, stderr } = await place.node([BIN, 'start', '--name', 'a', idle(place)], {
    env: { ...PLAIN, DAIMON_HOME: place.file('file/home') },
  })
  t.is(code, 1)
  t.regex(
    stderr,
    /^daimon: the folder \S+ for the log cannot be made: ENOTDIR.*; give --log FILE and --pid-file FILE, or set/,
  )
  mkdirSync(place.file('open'))
  chmodSync(place.file('open'), 0o777)
  const open = await place.node([BIN, 'start', '--name', 'a', idle(place)], {
    env: { ...PLAIN, DAIMON_HOME: place.file('open') },
  })
  t.is(open.code, 1)
  t.regex(open.stderr, /mode is 777\): put it right, or give --log FILE and --pid-file FILE\n$/)
})

test.serial('what a user has written is shown as it is, whatever it reads like', async (t) => {
  const place = folder(t)
  for (const name of ["give 'cwd'.js", "Option 'log', no 'name'", "stdout: 'inherit'"]) {
    const { code, stderr } = await daimon(place, 'start', ...logged(place), name)
    t.is(code, 2)
    t.true(stderr.startsWith('daimon: The script must be '))
    t.true(stderr.includes(`"${place.file(name)}"`), stderr)
  }
})

test.serial('every option in a message is told by its flag', async (t) => {
  const place = folder(t)
  const script = idle(place)
  for (const [flags, line] of [
    [['--keep-fds', '1'], / Descriptors 0 to 2 are --stdin, --stdout and --stderr\.\n$/],
    [
      ['--limits', 'core=5'],
      /, but --core-dumps is not true\. Say --core-dumps, or leave the limit out\.\n$/,
    ],
    [['--signals', 'USR2=STOP'], /^daimon: --signals must be one of 'stop', .* Did you mean 'stop'\?\n$/],
    [['--log', 'inherit'], / Give --stdout inherit and --stderr inherit, or write '\.\/inherit' for a file /],
  ]) {
    const { code, stderr } = await daimon(place, 'start', ...at(place), ...flags, script)
    t.is(code, 2)
    t.regex(stderr, line)
  }
})
