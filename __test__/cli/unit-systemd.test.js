// `unit systemd`: a service, checked by systemd itself.
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { BIN, daimon, idle, logged } from '../helpers/cli.js'
import { folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { ODD, unit, WORDS } from '../helpers/units.js'

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
    [
      ['systemd', '--name', 'a', '--respawn', script],
      /systemd itself .* by Restart=on-failure: leave --respawn out/,
    ],
    [['systemd', '--name', 'a', '--respawn-limit', '3', script], /: leave --respawn-limit out/],
    [['systemd', '--name', 'a', '--listen', 'web=80', script], /--listen is no flag of this verb/],
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
