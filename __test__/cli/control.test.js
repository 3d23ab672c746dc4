// The verbs that start and stop: what they print, what they exit with, what is left.
import { existsSync, statSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { at, BIN, daimon, idle, logged, PLAIN, privately } from '../helpers/cli.js'
import { alive, folder, threadIds, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { supervised } from '../helpers/supervisor.js'

const control = (place) => new Daemon({ pidFile: place.file('a.pid') })

test.serial('start waits until the daemon serves, and exits with 0', async (t) => {
  const place = folder(t)
  const started = await daimon(place, 'start', ...logged(place), idle(place))
  const { state, pid } = await control(place).status()
  t.is(state, 'running')
  const stderr = `${place.file('a.pid')} is running with PID ${pid}\n`
  t.like(started, { code: 0, stdout: '', stderr })
})

test.serial('start of what runs already is 0 with a note, and leaves it alone', async (t) => {
  const place = folder(t)
  const start = ['start', ...logged(place), idle(place)]
  await daimon(place, ...start)
  const { pid } = await control(place).status()
  const again = await daimon(place, ...start)
  t.like(again, {
    code: 0,
    stdout: '',
    stderr: `${place.file('a.pid')} is already running with PID ${pid}\n`,
  })
  const json = await daimon(place, ...start, '--json')
  t.like(json, { code: 0, stderr: '' })
  t.like(JSON.parse(json.stdout), { state: 'running', pid, alreadyRunning: true })
  t.like(await control(place).status(), { state: 'running', pid })
})

/** Is ready, or throws, when it is told. */
const PATIENT = `import { Daemon } from "DAIMON"
process.on('SIGUSR2', () => Daemon.current.ready())
process.on('SIGWINCH', () => { throw new Error('not this time') })
setInterval(() => {}, 1e6)`

for (const [signal, outcome] of [
  ['SIGUSR2', 'finds it running'],
  ['SIGWINCH', 'takes its place'],
]) {
  test.serial(`a start that meets another one waits for what comes of it, and ${outcome}`, async (t) => {
    const place = folder(t)
    const script = place.write('patient.mjs', PATIENT)
    const args = [BIN, 'start', ...logged(place), '--ready', 'manual', '--json', script]
    const first = place.spawn(args, { env: PLAIN })
    const starting = async () => (await control(place).status()).starting
    await until(starting, 'the first daemon')
    t.regex((await daimon(place, 'status', ...at(place))).stdout, / is starting\n {2}pid /)
    const { pid } = await control(place).status()
    const second = place.spawn([BIN, 'start', ...logged(place), idle(place)], { env: PLAIN })
    // One start waits two seconds; that it has not been enough shows in the thread of the next one.
    const begun = new Set()
    await until(() => {
      for (const id of threadIds('daimon-launch', second.pid)) begun.add(id)
      return begun.size > 1
    }, 'the second start, twice')
    await control(place).signal(signal)
    const [one, two] = await Promise.all([first.done, second.done])
    const status = await control(place).status()
    t.like([two.code, status.state, status.starting], [0, 'running', undefined])
    t.is(status.pid === pid, signal === 'SIGUSR2')
    t.is(one.code, signal === 'SIGUSR2' ? 0 : 1)
    const already = status.pid === pid ? 'already ' : ''
    t.is(two.stderr, `${place.file('a.pid')} is ${already}running with PID ${status.pid}\n`)
  })
}

test.serial('a start that meets one that is never ready gives up, and is 1', async (t) => {
  const place = folder(t)
  const script = place.write('patient.mjs', PATIENT)
  const first = place.spawn([BIN, 'start', ...logged(place), '--ready', 'manual', script], { env: PLAIN })
  await until(async () => (await control(place).status()).starting, 'the first daemon')
  const again = await daimon(place, 'start', ...logged(place), '--ready-timeout', '10', idle(place))
  t.like(again, { code: 1, stdout: '' })
  t.regex(again.stderr, /: already being started, and not ready yet, with PID \d+\. /)
  first.child.kill('SIGINT')
  t.is((await first.done).code, 130)
})

test.serial(
  'what is thrown that is no Error is told without a stack; a syntax error with its place',
  async (t) => {
    const place = folder(t)
    const thrown = place.write('thrown.mjs', "throw 'no luck'")
    const { stderr } = await daimon(place, 'start', ...logged(place), '-vn', 'x', thrown)
    t.regex(stderr, /: Error: no luck\n {2}cause: Error: no luck\n {2}end of the log:/)
    const wrong = place.write('wrong.mjs', '\nfunction (')
    const other = await daimon(place, 'start', ...logged(place, 'b'), wrong)
    t.regex(other.stderr, /: SyntaxError: [^\n]+ \(file:\/\/\/\S+\/wrong\.mjs:2\)\. --verbose/)
  },
)

test.serial(
  'a start that fails is 1 and one line; --verbose adds the log, and the cause where that has none',
  async (t) => {
    const place = folder(t)
    const script = place.write('bad.mjs', "console.log('before'); throw new Error('no\\nluck')")
    const { code, stdout, stderr } = await daimon(place, 'start', ...logged(place), script)
    t.like({ code, stdout }, { code: 1, stdout: '' })
    t.regex(
      stderr,
      /^daimon: The daemon of \S+ exited with code 1 before it was ready: Error: no luck\. --verbose shows more\.\n$/,
    )
    const verbose = await daimon(place, 'start', ...logged(place, 'b'), '-v', script)
    t.is(verbose.stderr.match(/^ {2}before$/gm).length, 1)
    t.is(verbose.stderr.match(/^ {2}Error: no\n {2}luck\n {6}at /gm).length, 1)
    t.notRegex(verbose.stderr, /cause:/)
    t.notRegex(verbose.stderr, /shows more/)
    const json = await daimon(place, 'start', ...logged(place), '--json', script)
    t.like(json, { code: 1, stderr: '' })
    t.like(JSON.parse(json.stdout).error, {
      code: 'ERR_DAEMON_START_FAILED',
      exitCode: 1,
      cause: { message: 'no\nluck' },
    })
    t.deepEqual(place.processes(), [])
  },
)

test.serial('arguments after -- are the script’s own, whatever they look like', async (t) => {
  const place = folder(t)
  const script = place.write(
    'args.mjs',
    'console.log(JSON.stringify(process.argv.slice(2))); setInterval(() => {}, 1e6)',
  )
  const args = ['--json', '--pidfile', 'x', '--nice', '-5', '--', '--help', '']
  const started = await daimon(place, 'start', ...logged(place), script, '--', ...args)
  t.like(started, { code: 0, stdout: '' })
  t.deepEqual(JSON.parse(place.read('a.log')), args)
})

test.serial('flags set the options of the daemon', async (t) => {
  const place = folder(t)
  const text = `import { setPriority, getPriority } from 'node:os'
    const { env, title, execArgv } = process
    const set = [env.A, env.HOME ?? null, process.umask(), getPriority(), title, process.cwd(), execArgv]
    console.log(JSON.stringify(set))
    setInterval(() => {}, 1e6)`
  const flags = [
    '--env',
    'A=b=c',
    '--env',
    'HOME',
    '--umask',
    '027',
    '--nice',
    '5',
    '--title',
    'x y',
    '--cwd',
    '/',
  ]
  const exec = ['--exec-argv=--no-warnings', '--exec-argv', '--max-http-header-size=9000']
  t.like(await daimon(place, 'start', ...logged(place), ...flags, ...exec, place.write('a.mjs', text)), {
    code: 0,
  })
  const seen = ['b=c', null, 0o027, 5, 'x y', '/', ['--no-warnings', '--max-http-header-size=9000']]
  t.deepEqual(JSON.parse(place.read('a.log')), seen)
})

test.serial('restart starts what does not run, and replaces what does', async (t) => {
  const place = folder(t)
  const restart = ['restart', ...logged(place), idle(place), '--json']
  const first = JSON.parse((await daimon(place, ...restart)).stdout)
  const second = await daimon(place, ...restart)
  t.is(second.code, 0)
  t.not(JSON.parse(second.stdout).pid, first.pid)
  t.false(alive(first.pid))
})

test.serial('stop is 0 whether the daemon ran or not, and says which', async (t) => {
  const place = folder(t)
  const who = place.file('a.pid')
  await daimon(place, 'start', ...logged(place), idle(place))
  t.like(await daimon(place, 'stop', ...at(place)), { code: 0, stdout: '', stderr: `${who} has stopped\n` })
  t.like(await daimon(place, 'stop', ...at(place)), {
    code: 0,
    stdout: '',
    stderr: `${who} is not running\n`,
  })
  const { code, stdout } = await daimon(place, 'stop', ...at(place), '--json')
  t.deepEqual(
    [code, JSON.parse(stdout)],
    [0, { state: 'stopped', pidFile: who, stale: false, wasRunning: false, forced: false }],
  )
})

test.serial('stop is 1 when the daemon lives on', async (t) => {
  const place = folder(t)
  const script = place.write('deaf.mjs', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)")
  await daimon(place, 'start', ...logged(place), script)
  const stop = ['stop', ...at(place), '--stop-timeout', '50']
  const { code, stderr } = await daimon(place, ...stop, '--no-force-kill')
  t.is(code, 1)
  t.regex(stderr, /^daimon: Process \d+ has not ended within 50 ms and goes on running[^\n]*\n$/)
  t.like(await daimon(place, ...stop), {
    code: 0,
    stderr: `${place.file('a.pid')} did not stop in time and was killed\n`,
  })
})

test.serial('run is the daemon itself: its output and its exit code are its own', async (t) => {
  const place = folder(t)
  const script = place.write('run.mjs', "console.log('out'); console.error('err'); process.exit(7)")
  t.like(await daimon(place, 'run', ...at(place), script), { code: 7, stdout: 'out\n', stderr: 'err\n' })
  t.false(existsSync(place.file('a.pid')))
})

test.serial('run of what fails once it has begun something ends all the same, with 1', async (t) => {
  const place = folder(t)
  const script = place.write('late.mjs', "setInterval(() => {}, 1e6); await null; throw new TypeError('odd')")
  const { code, stdout, stderr } = await daimon(place, 'run', ...at(place), script)
  t.deepEqual([code, stdout, stderr], [1, '', 'daimon: TypeError: odd. --verbose shows more.\n'])
  t.false(existsSync(place.file('a.pid')))
})

test.serial('an error that JSON has no way to write is told in JSON all the same', async (t) => {
  const place = folder(t)
  const text = "throw Object.assign(new Error('odd', { cause: 1n }), { big: 1n, size: 2, self: globalThis })"
  const { code, stdout, stderr } = await daimon(
    place,
    'run',
    ...at(place),
    '--json',
    place.write('a.mjs', text),
  )
  t.deepEqual([code, stderr], [1, ''])
  const error = { size: 2, name: 'Error', message: 'odd', cause: { message: '1' } }
  t.deepEqual(JSON.parse(stdout), { error })
  const knot = "const e = new Error('knot'); e.cause = e; throw e"
  const tied = await daimon(place, 'run', ...at(place), '--json', place.write('b.mjs', knot))
  t.deepEqual(JSON.parse(tied.stdout), { error: { name: 'Error', message: 'knot' } })
})

test.serial('what of an error cannot be read is left out, and the rest is told', async (t) => {
  const place = folder(t)
  const run = (text, ...flags) => daimon(place, 'run', ...at(place), ...flags, place.write('a.mjs', text))
  const odd = `const error = Object.assign(new RangeError('kept', { cause: Object.create(null) }), { size: 2 })
    for (const key of ['stack', 'other'])
      Object.defineProperty(error, key, { get() { throw 1 }, enumerable: true })
    throw error`
  const { error } = JSON.parse((await run(odd, '--json')).stdout)
  t.like(error, { name: 'RangeError', message: 'kept', size: 2 })
  t.regex(error.cause.message, /null prototype/)
  t.false('other' in error)
  t.like(await run(odd), { code: 1, stdout: '', stderr: 'daimon: RangeError: kept. --verbose shows more.\n' })
})

test.serial('a thrown value that is nothing of a kind is told as far as it can be', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `import { Daemon } from "DAIMON"
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const run = async () => { throw proxy }
    await new Daemon({ pidFile: 'a.pid', run }).cli(process.argv.slice(2))`,
  )
  const told = await place.node([program, 'run'], { env: PLAIN })
  t.is(told.code, 1)
  t.regex(told.stderr, /^a\.mjs: something was thrown that cannot be shown as text: <Revoked Proxy>\n$/)
  const { code, stdout } = await place.node([program, 'run', '--json'], { env: PLAIN })
  t.is(code, 1)
  t.deepEqual(Object.keys(JSON.parse(stdout).error), ['message'])
})

test.serial('run of what runs already is 1', async (t) => {
  const place = folder(t)
  await daimon(place, 'start', ...logged(place), idle(place))
  const { code, stderr } = await daimon(place, 'run', ...at(place), idle(place))
  t.is(code, 1)
  t.regex(
    stderr,
    /^daimon: \S+: already running with PID \d+\. Stop it first, or wait for its end with --lock-timeout\.\n$/,
  )
})

needs('python3')(
  'start under a supervisor is the daemon itself, and its output stays where it is',
  async (t) => {
    const place = folder(t)
    const script = place.write(
      'say.mjs',
      "console.log(process.ppid, 'here'); setTimeout(() => process.exit(3), 50)",
    )
    for (const [variables, detach] of [
      [{ SYSTEMD_EXEC_PID: 'PID' }, 'auto'],
      [{ A: 'b' }, 'false'],
    ]) {
      const args = [BIN, 'start', ...at(place), '--detach', detach, script]
      const { code, stdout } = await supervised(place, variables, args, { env: PLAIN }).done
      t.deepEqual([code, stdout], [3, `${process.pid} here\n`])
    }
    const args = [BIN, 'start', ...logged(place), '--detach', 'true', idle(place)]
    const { code, stderr } = await supervised(place, { SYSTEMD_EXEC_PID: 'PID' }, args, { env: PLAIN }).done
    t.is(code, 0)
    t.regex(stderr, /is running with PID/)
  },
)

const NOBODY = 'setpriv --reuid 65534 --clear-groups --regid 65534'

needs('root', 'mount namespaces')(
  'a daemon of root without --log logs to /var/log/daimon/NAME.log',
  async (t) => {
    const place = folder(t)
    const script = place.write('say.mjs', "console.log('x'.repeat(60)); setInterval(() => {}, 1e6)")
    const { code, stdout } = await privately(
      place,
      `umask 077
    daimon start --name web --log-max-size 50 --log-keep 2 ${script} || exit 1
    stat -c '%a %n' /run/daimon /var/log/daimon /var/log/daimon/web.log
    daimon logs web; daimon status web --json
    until [ -e /var/log/daimon/web.log.1 ]; do sleep 0.01; done
    daimon stop web; daimon logs web | grep -c x; ls /var/log/daimon`,
    )
    t.is(code, 0)
    const lines = stdout.split('\n')
    t.deepEqual(lines.slice(0, 4), [
      '755 /run/daimon',
      '755 /var/log/daimon',
      '640 /var/log/daimon/web.log',
      'x'.repeat(60),
    ])
    t.like(JSON.parse(lines[4]), { state: 'running', pidFile: '/run/daimon/web.pid' })
    t.deepEqual(lines.slice(5, 8), ['1', 'web.log', 'web.log.1'])
  },
)

needs('root', 'mount namespaces')('a default log where others can write is refused', async (t) => {
  const place = folder(t)
  const script = idle(place)
  const { stdout, stderr } = await privately(
    place,
    `mkdir -m 777 /var/log/daimon; chmod 777 /var/log/daimon; daimon start --name web ${script}; echo $?
    chmod 755 /var/log/daimon; chown 1 /var/log/daimon; daimon start --name web ${script}; echo $?
    rmdir /var/log/daimon; ln -s ${place.path} /var/log/daimon;
    chown -h 1 /var/log/daimon; daimon start --name web ${script}; echo $?
    rm /var/log/daimon; ln -s nowhere /var/log/daimon; daimon start --name web ${script}; echo $?
    rm /var/log/daimon; echo > /var/log/daimon; daimon start --name web ${script}; echo $?
    daimon list`,
  )
  t.is(stdout, '1\n1\n1\n1\n1\n')
  t.is(stderr.match(/^daimon: .*give --log FILE$/gim).length, 5, stderr)
})

needs('root', 'setpriv')(
  'a daemon of anybody else logs beside its pidfile, in no folder that is made for it',
  async (t) => {
    const place = folder(t)
    const script = idle(place)
    const command = `chmod 777 ${place.path}; mkdir ${place.file('own')}; chown 65534 ${place.file('own')}
    ${NOBODY} ${process.execPath} ${BIN} start --pid-file ${place.file('own/b.pid')} ${script} || exit 1
    ${NOBODY} ${process.execPath} ${BIN} logs --pid-file ${place.file('own/b.pid')} || exit 2
    ${NOBODY} ${process.execPath} ${BIN} start --pid-file ${place.file('none/b.pid')} ${script}; echo $?`
    const { stdout, stderr } = await place.command('sh', ['-c', command], { env: PLAIN })
    t.is(statSync(place.file('own/b.log')).mode & 0o777, 0o640)
    t.false(existsSync(place.file('none')))
    t.is(stdout, '2\n', stderr)
    const { state, pid } = await new Daemon({ pidFile: place.file('own/b.pid') }).status()
    t.is(state, 'running')
    t.is(place.read('own/b.pid'), `${pid}\n`)
  },
)

needs('root', 'mount namespaces')(
  'flags of the program that runs the script work without a --log, too',
  async (t) => {
    const place = folder(t)
    const text = 'console.log(JSON.stringify(process.execArgv)); setInterval(() => {}, 1e6)'
    const flags = `--exec-argv --no-warnings --exec-path ${process.execPath}`
    const { code, stdout, stderr } = await privately(
      place,
      `daimon start --name web ${flags} ${place.write('a.mjs', text)} && daimon logs web && daimon stop web`,
    )
    t.is(code, 0, stderr)
    t.is(stdout, '["--no-warnings"]\n')
  },
)

test.serial('run leaves it to Node.js to say where a syntax error is', async (t) => {
  const place = folder(t)
  const { code, stderr } = await daimon(place, 'run', ...at(place), place.write('wrong.mjs', '\nfunction ('))
  t.is(code, 1)
  t.regex(stderr, /^file:\/\/\S+\/wrong\.mjs:2\n/)
  t.false(existsSync(place.file('a.pid')))
})
