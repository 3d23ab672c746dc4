// Flags and options; help.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { COMMON_FLAGS, OPTION_FLAGS, OWN_FLAGS } from '../../build/cli/flags.js'
import { VERBS } from '../../build/cli/main.js'
import { optionsOf } from '../../build/cli/options.js'
import { isAmong, parse } from '../../build/cli/parse.js'
import { KEYS } from '../../build/options/log.js'
import { RESPAWN_PARTS } from '../../build/options/respawn.js'
import { DAEMON_OPTIONS } from '../../build/options/validate.js'
import { Daemon } from '../../dist/index.js'
import { daimon } from '../helpers/cli.js'
import { folder, ROOT } from '../helpers/index.js'
import { ON_WINDOWS } from '../helpers/windows-processes.js'

const kebab = (option) => option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** What a command line cannot give, or gives in another way. */
const NO_FLAG = ['run', 'logger', 'script', 'scriptArgs', 'program', 'programArgs']

test('every option has its flag, in kebab case, and every flag its option', (t) => {
  const logs = KEYS.filter((key) => key !== 'file').map((key) => `log.${key}`)
  // When it is respawned is the value of `--respawn` itself.
  const respawns = Object.keys(RESPAWN_PARTS).filter((key) => key !== 'on')
  const parts = [...logs, ...respawns.map((key) => `respawn.${key}`)]
  const options = [...DAEMON_OPTIONS.filter((option) => !NO_FLAG.includes(option)), ...parts]
  t.deepEqual(OPTION_FLAGS.map(({ option }) => option).sort(), options.sort())
  for (const { name, option, on, called } of OPTION_FLAGS) {
    // `--version` is the command's own.
    const expected = called ?? kebab(option.replace('.', '-'))
    t.is(name, on === false ? `no-${expected}` : expected)
  }
})

test('no two flags are written alike', (t) => {
  const all = [...OPTION_FLAGS, ...Object.values(OWN_FLAGS)]
  for (const key of ['name', 'short']) {
    const written = all.map((flag) => flag[key]).filter(Boolean)
    t.is(new Set(written).size, written.length)
  }
})

const GIVEN = [
  [['--name', 'a', '-n', 'b'], { name: 'b' }],
  [['--pidfile', 'x', '--pidfile-mode=644'], { pidFile: 'x', pidFileMode: 0o644 }],
  [['--umask', '0o27'], { umask: 0o27 }],
  [
    ['--log', 'l', '--log-max-size=10', '--log-keep', '2', '--log-compress', '--log-mode', '600'],
    { log: { file: 'l', maxSize: 10, keep: 2, compress: true, mode: 0o600 } },
  ],
  [['-l', 'l', '--log-compress=false'], { log: { file: 'l', compress: false } }],
  [['--env', 'A=1=2', '--env', 'B', '--env', 'C='], { env: { A: '1=2', B: undefined, C: '' } }],
  [
    ['--limits', 'nofile=10:20', '--limits', 'core=unlimited', '--core-dumps'],
    { limits: { nofile: [10, 20], core: Infinity }, coreDumps: true },
  ],
  [
    ['--signals', 'usr2=stop', '--signals', 'SIGHUP=reopen'],
    { signals: { SIGUSR2: 'stop', SIGHUP: 'reopen' } },
  ],
  [['--respawn'], { respawn: true }],
  [['--respawn=always'], { respawn: 'always' }],
  [['--respawn=false'], { respawn: false }],
  [['--respawn', '--respawn-limit', 'infinity'], { respawn: { limit: Infinity } }],
  [
    ['--respawn=always', '--respawn-delay', '5', '--respawn-max-delay=9', '--respawn-window', '7'],
    { respawn: { on: 'always', delay: 5, maxDelay: 9, window: 7 } },
  ],
  [['--respawn-delay', '5'], { respawn: { delay: 5 } }],
  [
    ['--listen', 'web=8080', '--listen=v4=127.0.0.1:81', '--listen', 'v6=[::1]:82', '--listen', 'x=./x.sock'],
    {
      listen: {
        web: 8080,
        v4: { host: '127.0.0.1', port: 81 },
        v6: { host: '::1', port: 82 },
        x: { path: './x.sock' },
      },
    },
  ],
  [['--instances', '4', '--drain-timeout', 'infinity'], { instances: 4, drainTimeout: Infinity }],
  [['--keep-fds', '3', '--keep-fds=4'], { keepFds: [3, 4] }],
  [['--nice', '-5', '--oom-score-adj', '-1000'], { nice: -5, oomScoreAdj: -1000 }],
  [
    ['--user', '1000', '--group', 'www-data', '--no-new-privileges=false'],
    { user: 1000, group: 'www-data', noNewPrivileges: false },
  ],
  [
    ['--no-force-kill', '--stop-signal', 'int', '--stop-group'],
    { forceKill: false, stopSignal: 'SIGINT', stopGroup: true },
  ],
  [
    ['--core-dumps=false', '--core-dumps', '--clean-env', '--clean-env=false'],
    { coreDumps: true, cleanEnv: false },
  ],
  [['--no-force-kill=false', '--stop-signal', '15'], { forceKill: true, stopSignal: 15 }],
  [
    ['--detach', 'false', '--ready', 'manual', '--ready-timeout', 'Infinity'],
    { detach: false, ready: 'manual', readyTimeout: Infinity },
  ],
  [['--detach', 'auto', '--clean-env'], { detach: 'auto', cleanEnv: true }],
  [
    ['--exec-argv', '--no-warnings', '--exec-argv', '-r', '--exec-path', 'n'],
    { execArgv: ['--no-warnings', '-r'], execPath: 'n' },
  ],
]

const FOR_UNIX = new RegExp(
  '=reopen|--(?:pidfile-mode|umask|log-max-size|limits|core-dumps(?!=false)|keep-fds|oom-score|user' +
    '|respawn(?!=false)|listen|instances|drain-timeout)',
)

for (const [args, options] of GIVEN) {
  test(`${args.join(' ')} is read, and is what a Daemon takes`, (t) => {
    const found = optionsOf(parse(args, OPTION_FLAGS).values)
    t.deepEqual(found, options)
    if (options.log?.compress === false) return
    const make = () => new Daemon({ name: 'a', script: 's', ...found })
    // What Windows has nothing for is read all the same.
    if (ON_WINDOWS && FOR_UNIX.test(args.join(' '))) t.throws(make, { code: 'ERR_DAEMON_UNSUPPORTED' })
    else t.notThrows(make)
  })
}

test('of a flag that is given twice the last one counts, whichever way it is written', (t) => {
  for (const [args, coreDumps] of [
    [['--core-dumps', '--core-dumps=false'], false],
    [['--core-dumps=true', '--core-dumps=false', '--core-dumps'], true],
    [['--core-dumps=false', '--core-dumps=true', '--core-dumps=false'], false],
  ]) {
    t.deepEqual(optionsOf(parse(args, OPTION_FLAGS).values), { coreDumps }, args.join(' '))
  }
})

test('--json and --verbose are seen before anything else is right', (t) => {
  for (const [words, json, verbose] of [
    ['logs -fv web --unknown', false, true],
    ['logs -vf', false, true],
    ['-v', false, true],
    ['start --log --json', true, false],
    ['start --log -v', false, true],
    ['start --exec-argv --json --exec-argv -v x.js', false, false],
    ['start --title=--json -n -v x.js', false, true],
    ['start x.js -- --json -v', false, false],
    ['logs -nv', false, false],
    ['stop --json=yes', false, false],
  ]) {
    const args = words.split(' ')
    t.deepEqual([isAmong('json', args), isAmong('verbose', args)], [json, verbose], words)
  }
})

test('what follows -- is left as it is', (t) => {
  const rest = ['--pidfile', '--name', '-5', '--', 'x']
  t.deepEqual(parse(['s.js', '--nice', '-5', '--', ...rest], OPTION_FLAGS), {
    values: Object.assign(Object.create(null), { nice: '-5' }),
    positionals: ['s.js'],
    rest,
  })
  t.deepEqual(parse(['--'], OPTION_FLAGS).rest, [])
  t.is(parse([], OPTION_FLAGS).rest, undefined)
})

test('a rotation is of the default log where none is given', (t) => {
  const { values } = parse(['--log-max-size', '10'], OPTION_FLAGS)
  t.deepEqual(optionsOf(values, () => '/d.log').log, { file: '/d.log', maxSize: 10 })
  t.is(optionsOf(parse([], OPTION_FLAGS).values, () => '/d.log').log, '/d.log')
  const elsewhere = parse(['--stdout', 'o'], OPTION_FLAGS).values
  t.deepEqual(
    optionsOf(elsewhere, () => '/d.log'),
    { stdout: 'o' },
  )
})

test.serial(
  'the help of each verb fits 80 columns, with an example, its exit codes and all of its flags',
  async (t) => {
    const place = folder(t)
    for (const verb of VERBS) {
      const { code, stdout, stderr } = await daimon(place, verb.name, '--help')
      t.deepEqual([code, stderr], [0, ''])
      for (const line of stdout.split('\n')) t.true(line.length <= 80, line)
      t.true(stdout.startsWith(`Usage: daimon ${verb.name} `))
      t.regex(stdout, new RegExp(`^Example:\n  .*daimon ${verb.name} `, 'm'))
      t.regex(stdout, /^Exit codes: /m)
      for (const { name, help } of [...verb.flags, ...COMMON_FLAGS]) {
        t.true(stdout.includes(` --${name}`) && stdout.includes(` ${help}\n`), name)
      }
      t.is((await daimon(place, 'help', verb.name)).stdout, stdout)
    }
  },
)

test.serial('the help of start tells what its flags of a stop are about, as that of stop does', async (t) => {
  const place = folder(t)
  const start = (await daimon(place, 'start', '--help')).stdout
  t.regex(start, /--stop-signal SIG +ends a failed start; tell stop, too \(SIGTERM\)$/m)
  t.regex(start, /--stop-timeout MS +how long its stop hooks may take \(10000\)$/m)
  t.regex(start, /--stop-group +ends a failed start's group; tell stop, too$/m)
  const stop = (await daimon(place, 'stop', '--help')).stdout
  t.regex(stop, /--stop-signal SIG +asks it to stop \(SIGTERM\)$/m)
  // A longer time than the daemon's own gives its hooks no more.
  const [, example] = /^ {2}daimon stop web --stop-timeout (\d+)$/m.exec(stop)
  t.true(Number(example) < 10_000)
})

test.serial('the examples of all verbs are command lines that are understood', (t) => {
  for (const { form, flags } of VERBS) {
    const [line] = form.example.replace(/^source <\(|\)$/g, '').split(' > ')
    const [program, verb, ...args] = line.split(' ')
    t.is(program, 'PROGRAM')
    t.true(VERBS.some(({ name }) => name === verb))
    t.notThrows(() => parse(args, [...flags, OWN_FLAGS.json]))
  }
})

test.serial('--help shows the verbs, --version the version', async (t) => {
  const place = folder(t)
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json')))
  for (const word of ['--help', '-h', 'help']) {
    const { code, stdout, stderr } = await daimon(place, word)
    t.deepEqual([code, stderr], [0, ''])
    for (const { name, summary } of VERBS)
      t.regex(stdout, new RegExp(`^  ${name} +${summary.replaceAll(/[()]/g, '.')}$`, 'm'))
    for (const line of stdout.split('\n')) t.true(line.length <= 80, line)
  }
  t.like(await daimon(place, '--version'), { code: 0, stdout: `${version}\n`, stderr: '' })
  t.deepEqual(JSON.parse((await daimon(place, '--version', '--json')).stdout), { version })
  t.is(
    JSON.parse((await daimon(place, 'stop', '--help', '--json')).stdout).text.split('\n')[0],
    'Usage: daimon stop [flags] [NAME | --all]',
  )
})
