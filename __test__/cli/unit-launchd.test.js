// `unit launchd`: a property list, checked by who reads such.
import test from 'ava'
import { at, BIN, daimon, idle } from '../helpers/cli.js'
import { folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { ODD, unit, WORDS } from '../helpers/units.js'

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
  [['--respawn'], /launchd itself starts it again, by KeepAlive: leave --respawn out/],
  [['--user', 'daemon'], /launchd discards the output: say where it goes with --log FILE/],
]) {
  test(`what launchd cannot do is refused: ${flags[0]}`, async (t) => {
    const place = folder(t)
    const { code, stderr } = await daimon(place, 'unit', 'launchd', '--name', 'web', ...flags, idle(place))
    t.is(code, 2)
    t.regex(stderr, message)
  })
}
