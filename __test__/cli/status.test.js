// The verbs that ask and tell: the codes of the Linux Standard Base.
import { writeFileSync } from 'node:fs'
import test from 'ava'
import { at, BIN, daimon, idle, logged, PLAIN } from '../helpers/cli.js'
import { folder, kill, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { deadPid, hold } from '../helpers/pidfile.js'
import { ON_WINDOWS } from '../helpers/windows-processes.js'

needs('short paths')('status of a running daemon is 0, and tells all that is known of it', async (t) => {
  const place = folder(t)
  const { pid } = JSON.parse((await daimon(place, 'start', ...logged(place), '--json', idle(place))).stdout)
  const { code, stdout, stderr } = await daimon(place, 'status', ...at(place))
  t.deepEqual([code, stderr], [0, ''])
  t.true(stdout.startsWith(`${place.file('a.pid')} is running\n  pid      ${pid}\n  started  20`))
  t.regex(stdout, /^ {2}uptime {3}\d.* s$/m)
  t.regex(stdout, /^ {2}memory {3}\d+\.\d MB$/m)
  t.true(stdout.endsWith(`  pidfile  ${place.file('a.pid')}\n  log      ${place.file('a.log')}\n`))
  const found = JSON.parse((await daimon(place, 'status', ...at(place), '--json')).stdout)
  t.deepEqual(Object.keys(found).sort(), ['cpu', 'memory', 'pid', 'pidFile', 'startedAt', 'state', 'uptime'])
  t.true(Math.abs(Date.now() - Date.parse(found.startedAt)) < 60_000)
})

test.serial('status after a stop is 3', async (t) => {
  const place = folder(t)
  const { code, stdout } = await daimon(place, 'status', ...at(place))
  t.deepEqual([code, stdout], [3, `${place.file('a.pid')} is stopped\n`])
  const json = await daimon(place, 'status', ...at(place), '--json')
  t.deepEqual(
    [json.code, JSON.parse(json.stdout)],
    [3, { state: 'stopped', pidFile: place.file('a.pid'), stale: false }],
  )
})

test.serial('status after a crash is 1', async (t) => {
  const place = folder(t)
  writeFileSync(place.file('a.pid'), `${await deadPid(place)}\n`, { mode: 0o600 })
  const { code, stdout } = await daimon(place, 'status', ...at(place))
  t.is(code, 1)
  t.regex(stdout, / has crashed: its pidfile is left\n$/)
  t.like(JSON.parse((await daimon(place, 'status', ...at(place), '--json')).stdout), { stale: true })
})

needs('python3')('status of what somebody else holds is 4, and nobody signals it', async (t) => {
  const place = folder(t)
  writeFileSync(place.file('a.pid'), '', { mode: 0o600 })
  const pid = await hold(place, [place.file('a.pid')])
  const { code, stdout } = await daimon(place, 'status', ...at(place))
  t.is(code, 4)
  t.regex(stdout, / is unverified: /)
  for (const verb of ['stop', 'reload']) {
    const { code, stderr } = await daimon(place, verb, ...at(place))
    t.is(code, 1, verb)
    t.regex(stderr, /^daimon: [^\n]+\n$/)
  }
  t.true(place.processes().includes(pid))
})

test.serial('status of what is no pidfile is 4', async (t) => {
  const place = folder(t)
  place.write('a.pid/inside', '')
  const { code, stdout, stderr } = await daimon(place, 'status', ...at(place))
  t.deepEqual([code, stdout], [4, ''])
  t.regex(stderr, /^daimon: [^\n]+\n$/)
  const json = await daimon(place, 'status', ...at(place), '--json')
  t.deepEqual([json.code, JSON.parse(json.stdout).error.code], [4, 'ERR_DAEMON_PIDFILE'])
})

const LISTENS = `import { appendFileSync } from 'node:fs'
for (const name of ['SIGHUP', 'SIGUSR2', 'SIGWINCH']) process.on(name, () => appendFileSync('heard', name + ' '))
setInterval(() => {}, 1e6)`

needs('signals of Unix')(
  'reload and signal reach the daemon by name, by short name and by number',
  async (t) => {
    const place = folder(t)
    await daimon(place, 'start', ...logged(place), place.write('listens.mjs', LISTENS))
    const who = place.file('a.pid')
    t.like(await daimon(place, 'reload', ...at(place)), {
      code: 0,
      stdout: '',
      stderr: `${who} was told to reload\n`,
    })
    t.like(await daimon(place, 'signal', 'usr2', ...at(place)), {
      code: 0,
      stderr: `${who} was sent SIGUSR2\n`,
    })
    const json = await daimon(place, 'signal', ...at(place), '28', '--json')
    t.deepEqual([json.code, JSON.parse(json.stdout)], [0, { signal: 28 }])
    await until(() => place.read('heard').includes('SIGWINCH'), 'the signals')
    t.is(place.read('heard'), 'SIGHUP SIGUSR2 SIGWINCH ')
  },
)

test.serial('reload, signal and upgrade are 7 when nobody runs', async (t) => {
  const place = folder(t)
  // No daemon of Windows can be upgraded, be it there or not.
  const verbs = [['reload'], ['signal', 'SIGUSR2'], ...(ON_WINDOWS ? [] : [['upgrade']])]
  for (const words of verbs) {
    const { code, stdout, stderr } = await daimon(place, ...words, ...at(place))
    t.deepEqual(
      [code, stdout, stderr],
      [7, '', `daimon: No daemon holds ${place.file('a.pid')}. Start it first.\n`],
    )
  }
})

needs('root', 'setpriv')('stop, reload and signal are 4 for whoever has no rights', async (t) => {
  const place = folder(t)
  await place.command('chmod', ['755', place.path])
  await daimon(place, 'start', ...logged(place), '--pid-file-mode', '644', idle(place))
  for (const words of [['stop'], ['reload'], ['signal', 'SIGUSR2']]) {
    const args = [
      '--reuid',
      '65534',
      '--regid',
      '65534',
      '--clear-groups',
      process.execPath,
      BIN,
      ...words,
      ...at(place),
    ]
    const { code, stderr } = await place.command('setpriv', args, { env: PLAIN })
    t.is(code, 4, stderr)
    t.regex(stderr, /^daimon: [^\n]+\n$/)
  }
  const { code } = await daimon(place, 'status', ...at(place))
  t.is(code, 0)
})

needs('signals of Unix')('a wrong command line is 2, whatever the verb, and one line', async (t) => {
  const place = folder(t)
  const wrong = [
    [[], /which verb\? one of start, /],
    [['strat'], /unknown verb 'strat'; did you mean 'start'\?/],
    [['__proto__'], /unknown verb '__proto__'/],
    [['status', '--pid-fil', 'x'], /unknown flag --pid-fil; did you mean --pid-file\?/],
    [['status', '-x'], /unknown flag -x/],
    [['status', '--__proto__'], /unknown flag --__proto__/],
    [['status', '--constructor=x'], /unknown flag --constructor/],
    [['status'], /which daemon\?/],
    [['--name', 'a', 'start'], /the verb comes first, then --name: one of start, /],
    [
      ['restart', 'a'],
      /give --name NAME and the script: daimon does not remember .* For example: daimon restart --name web server\.js/,
    ],
    [['run', ...at(place), '--keep-fds', '3', 'x'], /--keep-fds is no flag of this verb/],
    [['restart', ...at(place), '--detach', 'false', 'x'], /--detach is no flag of this verb/],
    [['start', ...at(place), '--signals', 'USR2=foo', 'x'], /--signals must be one of 'stop', /],
    [['status', 'a', 'b'], /'b' is one word too many/],
    [['status', '/run/a.pid'], /'\/run\/a.pid' is no name: a pidfile is given by --pid-file/],
    [['status', 'a', '--name', 'b'], /one name too many/],
    [['status', 'a b'], /--name must be a name/],
    [['start', '--name', 'a'], /which script\?/],
    [
      ['start', '--name', 'a', 'x.mjs', 'y'],
      /'y' is one word too many: the name is given by --name, and arguments .* follow --\./,
    ],
    [['start', '--name'], /--name takes a value: --name NAME\. See/],
    [['start', ...at(place), '--umask', '8', 'x'], /--umask takes an octal number such as 022, not '8'/],
    [['start', ...at(place), '--nice', 'low', 'x'], /--nice takes a number, not 'low'/],
    [['start', ...at(place), '--limits', 'nofile', 'x'], /--limits takes NAME=VALUE, not 'nofile'/],
    [['start', ...at(place), '--clean-env=no', 'x'], /--clean-env takes no value/],
    [['start', ...logged(place), 'none.mjs'], /: The script must be a file that can be read/],
    [['start', ...logged(place), '--user', 'no such', idle(place)], /--user: there is no user 'no such'/],
    [['start', ...at(place), '--stdout', 'o', '--log-keep', '3', idle(place)], /--log-keep is about a log/],
    [['start', ...logged(place), '--log-max-size', '0', idle(place)], /: --log-max-size must be/],
    [['start', ...logged(place), '--chroot', '/', idle(place)], /--chroot is not for scripts: leave it out/],
    [
      ['start', ...logged(place), '--respawn=often', idle(place)],
      /: --respawn must be 'failure', 'always' or/,
    ],
    [
      ['start', ...logged(place), '--respawn', 'always', idle(place)],
      /--respawn takes its value by a sign: --respawn=always/,
    ],
    [['start', ...logged(place), '--respawn-limit=-1', idle(place)], /: --respawn-limit must be an integer/],
    [
      ['start', ...logged(place), '--respawn=false', '--respawn-delay', '5', idle(place)],
      /--respawn-delay contradicts --respawn=false: leave one out/,
    ],
    [['start', ...logged(place), '--listen', '8080', idle(place)], /--listen takes NAME=VALUE, not '8080'/],
    [['start', ...logged(place), '--listen', 'a=b', idle(place)], /--listen takes NAME=PORT, .*, not 'b'/],
    [['start', ...logged(place), '--listen', 'a=0', idle(place)], /: --listen must be a port, from 1 to/],
    [
      ['start', ...logged(place), '--listen', 'a=8085', '--listen', 'a=8086', idle(place)],
      /--listen has the name 'a' twice/,
    ],
    [['start', ...logged(place), '--instances', '0', idle(place)], /: --instances must be/],
    [['start', ...logged(place), '--drain-timeout', '1', idle(place)], /: --drain-timeout .* need --respawn/],
    [['stop', ...at(place), '--respawn'], /--respawn is no flag of this verb/],
    [['connect', ...at(place), '--listen', 'web=8080'], /--listen is no flag of this verb/],
    [['stop', ...at(place), '--instances', '2'], /--instances is no flag of this verb/],
    [['upgrade', ...at(place), '--respawn'], /--respawn is no flag of this verb/],
    [
      ['upgrade', ...at(place), '--', 'x'],
      /a script keeps the arguments of its start: for others, such as 'x', /,
    ],
    [['stop', '--all', 'a'], /--all takes no name/],
    [['signal', 'a'], /give a daemon and a signal/],
    [['signal', 'a', 'SIGNONE'], /: The signal: there is no signal 'SIGNONE'\. Did you mean 'SIGCONT'\?$/m],
    [['logs', ...at(place), '--lines', 'all'], /--lines takes a number, not 'all'/],
    [['logs', ...logged(place), '-f', '--lines=-1'], /: --lines must be an integer/],
    [['start', ...at(place), '--signals', 'term=x', idle(place)], /: --signals must be/],
    [['list', 'a'], /list takes no name/],
    [['unit'], /unit prints a file for systemd, launchd or logrotate\. See/],
    [['unit', 'cron'], /unit prints a file for systemd, launchd or logrotate/],
    [['completion', 'tcsh'], /completion knows bash, zsh, fish or powershell/],
  ]
  for (const [args, line] of wrong) {
    const { code, stdout, stderr } = await daimon(place, ...args)
    t.deepEqual([code, stdout], [2, ''], `${args}: ${stderr}`)
    t.regex(stderr, line)
    t.regex(stderr, /^daimon: [^\n]+\n$/)
  }
  const json = await daimon(place, 'status', '--jsno', '--json')
  t.like(json, { code: 2, stderr: '' })
  t.is(JSON.parse(json.stdout).error.message, 'unknown flag --jsno; did you mean --json?')
})

test.serial('a daemon that has been killed is told from one that was stopped', async (t) => {
  const place = folder(t)
  const { pid } = JSON.parse((await daimon(place, 'start', ...logged(place), '--json', idle(place))).stdout)
  kill(pid)
  await until(async () => (await daimon(place, 'status', ...at(place))).code === 1, 'the crash')
  await daimon(place, 'stop', ...at(place))
  t.is((await daimon(place, 'status', ...at(place))).code, 1)
})
