// `unit`: files for systemd, launchd and logrotate, checked by those that read them.
import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { at, BIN, daimon, idle, logged } from '../helpers/cli.js'
import { folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const ODD = `it's 100% $HOME "q" back\\slash é.mjs`
const WORDS = ['$A', `$\{A}`, '%n', 'a b', '"', "'", ';', '\\', 'new\nline', '', '--json']

async function unit(t, place, ...args) {
  const { code, stdout, stderr } = await daimon(place, 'unit', ...args)
  t.deepEqual([code, stderr], [0, ''])
  return stdout
}

const setting = (text, key) =>
  text
    .split('\n')
    .find((line) => line.startsWith(`${key}=`))
    ?.slice(key.length + 1)

test.serial('a service runs in the foreground what a start would run', async (t) => {
  const place = folder(t)
  const text = await unit(
    t,
    place,
    'systemd',
    '--name',
    'web',
    '--log',
    'l.log',
    '--signals',
    'usr2=stop',
    idle(place),
    '--',
    '-x',
  )
  const flags = `--name web --log ${place.file('l.log')} --signals usr2=stop --verbose`
  const words = `run ${flags} ${place.file('idle.mjs')} -- -x`
  t.is(setting(text, 'ExecStart'), `${process.execPath} ${BIN} ${words}`)
  t.is(setting(text, 'Type'), 'notify')
  t.is(setting(text, 'WorkingDirectory'), place.path)
  t.is(setting(text, 'TimeoutStopSec'), '10000ms')
  t.is(setting(text, 'User'), undefined)
})

test.serial('what run would take back is given to it again', async (t) => {
  const place = folder(t)
  const flags = ['--name', 'web', '--umask', '077', '--clean-env', '--env', 'A=1', idle(place)]
  for (const kind of ['systemd', 'launchd']) {
    const text = (await unit(t, place, kind, ...flags))
      .replaceAll(/<\/?string>\s*/g, ' ')
      .replaceAll(/ +/g, ' ')
    for (const words of [/ --umask 077 /, / --clean-env /, / --env A=1 /]) t.regex(text, words, kind)
  }
})

test.serial('a file: URL is a path', async (t) => {
  const place = folder(t)
  const url = (path) => pathToFileURL(path).href
  const text = await unit(t, place, 'systemd', '--name', 'web', '--cwd', url(place.path), url(idle(place)))
  t.is(setting(text, 'WorkingDirectory'), place.path)
  t.true(setting(text, 'ExecStart').endsWith(` ${place.file('idle.mjs')}`))
})

test.serial('what systemd can do itself is left to it', async (t) => {
  const place = folder(t)
  const flags = [
    '--user',
    'daemon',
    '--group',
    'mail',
    '--nice',
    '-5',
    '--oom-score-adj',
    '-500',
    '--umask',
    '077',
  ]
  const limits = [
    '--limits',
    'nofile=10:20',
    '--limits',
    'nproc=unlimited',
    '--stop-timeout',
    'infinity',
    '--stop-group',
  ]
  const more = [
    '--stop-signal',
    'int',
    '--no-force-kill',
    '--env',
    'A=$B %h "c"',
    '--env',
    'GONE',
    '--cwd',
    '/',
  ]
  const exec = ['--exec-argv', '--no-warnings', '--ready-timeout', '1000', '--lock-timeout', '500']
  const text = await unit(
    t,
    place,
    'systemd',
    '--name',
    'web',
    ...flags,
    ...limits,
    ...more,
    ...exec,
    idle(place),
  )
  const expected = {
    User: 'daemon',
    Group: 'mail',
    NoNewPrivileges: 'yes',
    Nice: '-5',
    OOMScoreAdjust: '-500',
    UMask: '0077',
    LimitNOFILE: '10:20',
    LimitNPROC: 'infinity',
    TimeoutStartSec: '1500ms',
    TimeoutStopSec: 'infinity',
    KillSignal: 'SIGINT',
    SendSIGKILL: 'no',
    KillMode: 'control-group',
    Environment: '"A=$B %%h \\"c\\""',
    UnsetEnvironment: 'GONE',
    WorkingDirectory: '/',
    RuntimeDirectory: 'daimon-web',
  }
  for (const [key, value] of Object.entries(expected)) t.is(setting(text, key), value, key)
  const command = setting(text, 'ExecStart')
  t.true(command.startsWith(`${process.execPath} --no-warnings ${BIN} run --name web `))
  t.regex(command, / --pid-file \/run\/daimon-web\/web\.pid /)
  t.notRegex(command, /--user|--nice|--env|--limits|--cwd|--exec-argv|--stop-signal/)
})

needs('systemd-analyze')('systemd takes the service, and reads odd words as they are', async (t) => {
  const place = folder(t)
  place.write(ODD, '')
  const flags = [
    '--user',
    'daemon',
    '--limits',
    'nofile=10:20',
    '--env',
    'A=$B %h "c"',
    '--nice',
    '5',
    '--title',
    'a % $b',
  ]
  const text = await unit(t, place, 'systemd', '--name', 'web', ...flags, ODD, '--', ...WORDS)
  const { code, stdout, stderr } = await place.command('systemd-analyze', [
    'verify',
    place.write('web.service', text),
  ])
  t.deepEqual([code, stdout, stderr], [0, '', ''])
  const line = setting(text, 'ExecStart').slice(process.execPath.length)
  t.notRegex(line.replaceAll('$$', '').replaceAll('%%', ''), /[$%]/, 'nothing is left to expand')
  t.is(
    systemdWords(setting(text, 'ExecStart'))
      .slice(-WORDS.length - 2)
      .join('\0'),
    [place.file(ODD), '--', ...WORDS].join('\0'),
  )
})

/** A command line as systemd takes it apart: systemd.syntax(7), systemd.service(5). */
function systemdWords(line) {
  const escapes = { n: '\n', '\\': '\\', '"': '"' }
  return Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/gs), ([, quoted, plain]) => {
    const word = plain ?? quoted.replaceAll(/\\(.)/g, (_, letter) => escapes[letter])
    return word.replaceAll('%%', '%').replaceAll('$$', '$')
  })
}

needs('python3')('launchd’s file is a property list with the same command', async (t) => {
  const place = folder(t)
  place.write(ODD, '')
  const words = WORDS.filter((word) => !word.includes('\n'))
  const flags = [
    '--user',
    'daemon',
    '--env',
    'A=<&>',
    '--log',
    'l.log',
    '--stop-timeout',
    '2500',
    '--umask',
    '077',
  ]
  const text = await unit(t, place, 'launchd', '--name', 'web', ...flags, ODD, '--', '<&>', ...words)
  const read = 'import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], "rb"))))'
  const { stdout } = await place.command('python3', ['-c', read, place.write('web.plist', text)])
  const plist = JSON.parse(stdout)
  t.deepEqual(plist.ProgramArguments.slice(0, 5), [process.execPath, BIN, 'run', '--name', 'web'])
  t.deepEqual(plist.ProgramArguments.slice(-words.length - 3), [place.file(ODD), '--', '<&>', ...words])
  t.true(plist.ProgramArguments.includes(place.file('l.log')))
  t.like(plist, { Label: 'web', UserName: 'daemon', Umask: 0o077, ExitTimeOut: 3, RunAtLoad: true })
  t.deepEqual(plist.EnvironmentVariables, { A: '<&>' })
  t.false('StandardOutPath' in plist)
  const { code, stderr } = await daimon(
    place,
    'unit',
    'launchd',
    '--name',
    'web',
    idle(place),
    '--',
    'new\nline',
  )
  t.is(code, 2)
  t.regex(stderr, /control character/)
})

test('launchd keeps the output where `logs` looks', async (t) => {
  const place = folder(t)
  const name = ['--name', `web-${process.pid}`]
  const text = await unit(t, place, 'launchd', ...at(place), ...name, idle(place))
  const [, out] = text.match(/<key>StandardOutPath<\/key>\s*<string>(.*)<\/string>/)
  const [, err] = text.match(/<key>StandardErrorPath<\/key>\s*<string>(.*)<\/string>/)
  t.is(out, err)
  const { stderr } = await daimon(place, 'logs', ...at(place), ...name)
  t.true(stderr.includes(out), `${stderr} looks at ${out}`)
})

for (const [flags, message] of [
  [['--stop-signal', 'SIGINT'], /launchd has nothing like --stop-signal: leave it out/],
  [['--stop-group'], /launchd has nothing like --stop-group/],
  [['--keep-fds', '3'], /--keep-fds is no flag of this verb/],
  [['--env', 'HOME'], /launchd cannot take the variable HOME away/],
  [['--user', 'daemon'], /launchd discards the output: say where it goes with --log FILE/],
]) {
  test(`what launchd cannot do is refused: ${flags[0]}`, async (t) => {
    const place = folder(t)
    const { code, stderr } = await daimon(place, 'unit', 'launchd', '--name', 'web', ...flags, idle(place))
    t.is(code, 2)
    t.regex(stderr, message)
  })
}

needs('logrotate')('logrotate takes its file, and the daemon goes on in a new log', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('logs'), { mode: 0o755 })
  for (const name of [`it's 100% $HOME.log`, 'a "b" [x] *?.log', 'back\\slash # é.log']) {
    const log = ['--log', place.file(`logs/${name}`)]
    await daimon(
      place,
      'start',
      ...at(place),
      ...log,
      place.write('say.mjs', "console.log('old'); setInterval(() => console.log('new'), 10)"),
    )
    const text = await unit(
      t,
      place,
      'logrotate',
      '--name',
      'web',
      ...at(place),
      ...log,
      '--log-max-size',
      '1',
      '--log-keep',
      '3',
    )
    // What a pattern would take along.
    place.write('logs/a "b" x zz.log', 'decoy\n')
    const config = place.write('web.conf', text)
    const { code, stderr } = await place.command('logrotate', ['-s', place.file('state'), config])
    t.deepEqual([code, stderr], [0, ''], name)
    await until(() => readdirSync(place.file('logs')).includes(name), 'the new log')
    t.deepEqual(readdirSync(place.file('logs')).sort(), [name, `${name}.1`, 'a "b" x zz.log'].sort())
    t.true(place.read(`logs/${name}.1`).startsWith('old\n'))
    await daimon(place, 'stop', ...at(place))
    // Of a daemon that does not run, too.
    t.is((await place.command('logrotate', ['-f', '-s', place.file('state'), config])).code, 0)
    for (const file of readdirSync(place.file('logs')))
      renameSync(place.file(`logs/${file}`), place.file('gone'))
  }
})

test.serial('logrotate’s file is about the log that flags give, or the default one', async (t) => {
  const place = folder(t)
  t.regex(
    await unit(t, place, 'logrotate', '--name', 'web'),
    /^# The log of the daemon of \/.*\/web\.pid\.\n"\/.*\/web\.log" \{\n {4}weekly\n {4}rotate 5\n/,
  )
  const text = await unit(t, place, 'logrotate', '--name', 'web', '--log-max-size', '1000', '--log-keep', '2')
  t.regex(text, /\n {4}size 1000\n {4}rotate 2\n/)
  const { code, stderr } = await daimon(place, 'unit', 'logrotate', '--name', 'web', '--log', '{}')
  t.is(code, 2)
  t.regex(stderr, /braces/)
})

needs('root')('logrotate’s file of a daemon with a user wants to know which pidfile is meant', async (t) => {
  const place = folder(t)
  const flags = ['--name', 'web', '--user', 'nobody', '--log', place.file('web.log')]
  const { code, stderr } = await daimon(place, 'unit', 'logrotate', ...flags)
  t.is(code, 2)
  const [, path] = /--pid-file: (\S+) for a service of systemd/.exec(stderr)
  t.true((await unit(t, place, 'systemd', ...flags, idle(place))).includes(` --pid-file ${path} `))
  t.regex(
    await unit(t, place, 'logrotate', ...flags, '--pid-file', path),
    new RegExp(` reload --pid-file ${path} `),
  )
})

test.serial('a unit of what could not be started is refused', async (t) => {
  const place = folder(t)
  const script = idle(place)
  const wrong = [
    [['systemd', '--name', 'web'], /which script\?/],
    [['systemd', script], /which daemon\?/],
    [['systemd', '--name', 'a', place.file('none.mjs')], /there is no script \//],
    [['systemd', '--name', 'a', '--cwd', '/a\\', script], /no way to write WorkingDirectory/],
    [['systemd', '--name', 'a', '--cwd', '/a ', script], /no way to write WorkingDirectory/],
    [['systemd', '--name', 'a b', script], /--name must be/],
    [['systemd', '--name', 'a', '--chroot', '/', script], /--chroot is not for scripts/],
    [['systemd', '--name', 'a', '--nice', '100', script], /--nice must be/],
    [['launchd', '--name', 'a', '--log-keep', '3', script], /--log-keep is about a log/],
    [['systemd', '--name', 'a', '--cwd', 'new\nline', script], /control character/],
  ]
  for (const [args, line] of wrong) {
    const { code, stdout, stderr } = await daimon(place, 'unit', ...args)
    t.deepEqual([code, stdout], [2, ''], args.join(' '))
    t.regex(stderr, line)
  }
  const json = JSON.parse(
    (await daimon(place, 'unit', 'systemd', '--name', 'a', '--json', ...logged(place), script)).stdout,
  )
  t.is(json.kind, 'systemd')
  t.regex(json.text, /^\[Unit\]\n/)
})
