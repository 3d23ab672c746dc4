// The verbs that start: what they print, what they exit with, what is there then.
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { at, BIN, daimon, idle, logged, PLAIN } from '../helpers/cli.js'
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
  t.regex(
    again.stderr,
    /: already being started, and not ready yet, with PID \d+\. Wait longer for it by --ready-timeout, or stop it\.$/m,
  )
  first.child.kill('SIGINT')
  t.is((await first.done).code, 130)
})

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
