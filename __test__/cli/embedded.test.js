// Daemon#cli: the command line of a program that has a Daemon of its own, and is executed again as the daemon.
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { PLAIN } from '../helpers/cli.js'
import { alive, content, fixture, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { terminal } from '../helpers/terminal.js'

const GREETER = fixture('cli/greeter.mjs')

const greeter = (place) => {
  const OPTIONS = JSON.stringify({ pidFile: 'a.pid', log: 'a.log' })
  return (...args) => place.node([GREETER, ...args], { env: { ...PLAIN, OPTIONS } })
}
const control = (place) => new Daemon({ pidFile: place.file('a.pid') })

test.serial('a program has its verbs, and the daemon neither prints for them nor ends by them', async (t) => {
  const place = folder(t)
  const run = greeter(place)
  const started = await run('start', 'hello', '--ready-timeout', '60000', '--', '--json')
  const { pid } = await control(place).status()
  t.like(started, { code: 0, stdout: 'code 0\n', stderr: `greeter is running with PID ${pid}\n` })
  t.is(place.read('a.log'), 'body ["hello","--json"]\n')
  t.like(await run('start'), { code: 0, stderr: `greeter is already running with PID ${pid}\n` })
  t.like(await run('reload'), { code: 0, stdout: 'code 0\n', stderr: 'greeter was told to reload\n' })
  await until(() => place.read('a.log').includes('reloads'), 'the reload')
  t.is((await run('logs', '--lines', '1')).stdout, 'reloads\ncode 0\n')
  t.regex((await run('status')).stdout, /^greeter is running\n/)
  const restarted = await run('restart')
  t.is(restarted.code, 0)
  t.false(alive(pid))
  t.like(await run('stop'), { code: 0, stderr: 'greeter has stopped\n' })
  t.like(await run('status'), { code: 3 })
  t.is(place.read('a.log'), 'body ["hello","--json"]\nreloads\nbody []\n')
})

test.serial('a logger of the program’s own is told of a start, too', async (t) => {
  const place = folder(t)
  const path = place.write(
    'told.mjs',
    `import { appendFileSync } from 'node:fs'
    import { Daemon } from "DAIMON"
    const tell = (text) => appendFileSync('told', text + '\\n')
    const logger = { debug() {}, info: tell, warn: tell, error: tell }
    const run = () => void setInterval(() => {}, 1e6)
    await new Daemon({ pidFile: 'a.pid', logger, run }).cli(process.argv.slice(2))`,
  )
  t.is((await place.node([path, 'start'], { env: PLAIN })).code, 0)
  const { pid } = await control(place).status()
  t.regex(place.read('told'), new RegExp(`^started with PID ${pid} in `, 'm'))
  t.is((await place.node([path, 'stop'], { env: PLAIN })).code, 0)
  t.regex(place.read('told'), /^stopped$/m)
})

test.serial('a daemon that is the process itself is not told to be running', async (t) => {
  const place = folder(t)
  const path = place.write(
    'inside.mjs',
    `import { Daemon } from "DAIMON"
    const run = (daemon) => void setTimeout(() => daemon.stop(), 100)
    await new Daemon({ pidFile: 'a.pid', detach: false, run }).cli(process.argv.slice(2))`,
  )
  for (const verb of ['start', 'restart']) {
    t.like(await place.node([path, verb], { env: PLAIN }), { code: 0, stdout: '', stderr: '' })
  }
})

test.serial('flags are in force in the daemon, too', async (t) => {
  const place = folder(t)
  const run = greeter(place)
  t.is((await run('start', '--signals', 'usr2=stop', '--ready', 'running', '--json')).code, 0)
  await control(place).signal('SIGUSR2')
  await control(place).exited()
  t.like(await control(place).status(), { state: 'stopped', stale: false })
  t.is(place.read('a.log'), 'body []\n')
})

test.serial('what is the program’s own is no flag of it', async (t) => {
  const place = folder(t)
  const run = greeter(place)
  for (const args of [
    ['start', '--name', 'x'],
    ['stop', '--pid-file', 'x'],
    ['stop', '--all'],
    ['list'],
    ['unit'],
    ['stop', 'x'],
  ]) {
    const { code, stdout, stderr } = await run(...args)
    t.deepEqual([code, stdout], [2, 'code 2\n'], args.join(' '))
    t.regex(stderr, /^greeter\.mjs: [^\n]+\n$/)
  }
  const { stdout } = await run('help', 'start')
  t.true(stdout.startsWith('Usage: greeter.mjs start [flags] [ARGS]\n'))
  t.regex(stdout, /^ {2}greeter\.mjs start /m)
  t.notRegex(stdout, /--name|--pid-file /)
  t.notRegex((await run('--help')).stdout, /completion/)
})

test.serial('a failure is the program’s exit code, and no exception', async (t) => {
  const place = folder(t)
  const path = place.write(
    'bad.mjs',
    `import { Daemon } from "DAIMON"
    const bad = new Daemon({ pidFile: 'a.pid', run() { throw new Error('no luck') } })
    await bad.cli(process.argv.slice(2))`,
  )
  for (const verb of ['start', 'run']) {
    const { code, stderr } = await place.node([path, verb], { env: PLAIN })
    t.is(code, 1)
    t.regex(stderr, /^bad\.mjs: .*Error: no luck\. --verbose shows more\.\n$/)
  }
  t.like(await place.node([path, 'reload'], { env: PLAIN }), { code: 7 })
})

test.serial('a program of two daemons starts both, and each is told of once', async (t) => {
  const place = folder(t)
  const path = place.write(
    'two.mjs',
    `import { Daemon } from "DAIMON"
    for (const name of ['a', 'b']) {
      const run = () => void setInterval(() => console.log(name), 1e6)
      await new Daemon({ name, pidFile: name + '.pid', log: name + '.log', run }).cli(process.argv.slice(2))
    }`,
  )
  const { code, stdout, stderr } = await place.node([path, 'start'], { env: PLAIN })
  t.deepEqual([code, stdout], [0, ''])
  t.regex(stderr, /^a is running with PID \d+\nb is running with PID \d+\n$/)
  t.deepEqual([place.read('a.log'), place.read('b.log')], ['', ''])
  t.is((await place.node([path, 'status', '--json'], { env: PLAIN })).stdout.split('\n').length, 3)
  t.is((await place.node([path, 'stop'], { env: PLAIN })).stderr, 'a has stopped\nb has stopped\n')
})

test.serial('a module that is the script of its Daemon has a command line as well', async (t) => {
  const place = folder(t)
  const path = place.write(
    'ticker.mjs',
    `import { Daemon } from "DAIMON"
    const run = () => { console.log('ticks'); setInterval(() => {}, 1e6) }
    await new Daemon({ pidFile: 'a.pid', script: import.meta.url, log: 'a.log', run }).cli(process.argv.slice(2))`,
  )
  t.is((await place.node([path, 'start'], { env: PLAIN })).code, 0)
  t.is(place.read('a.log'), 'ticks\n')
  t.is((await place.node([path, 'stop'], { env: PLAIN })).code, 0)
  t.is(place.read('a.log'), 'ticks\n')
})

needs('python3')('run is the program itself, until Ctrl-C', async (t) => {
  const place = folder(t)
  const OPTIONS = JSON.stringify({ pidFile: place.file('a.pid') })
  const shell = terminal(place, [GREETER, 'run', 'x'], { ...PLAIN, NO_COLOR: '1', OPTIONS })
  await shell.shows('code 0')
  t.is((await control(place).status()).state, 'running')
  shell.type('^C')
  t.deepEqual(await shell.end(), { shown: 'body ["x"]\ncode 0\n^C', code: 0 })
  t.is(content(place.file('a.pid')), undefined)
})

needs('output without a log')(
  'a script with a command line of its own that is started without a verb fails',
  async (t) => {
    const place = folder(t)
    const script = place.write(
      'tool.mjs',
      `import { Daemon } from "DAIMON"
     await new Daemon({ pidFile: 'tool.pid', run() {} }).cli(process.argv.slice(2))`,
    )
    const start = new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path }).start()
    const error = await t.throwsAsync(start, { code: 'ERR_DAEMON_START_FAILED' })
    t.is(error.exitCode, 2)
    t.regex(error.log, /which verb\?/)
  },
)
