// Any program after `--`, by the command: start, restart, status, list, and the file of a supervisor.
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { at, BIN, daimon, idle, logged, PLAIN } from '../helpers/cli.js'
import { folder, freePort, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { bodyOf, facts, factsWhenUp, SERVES } from '../helpers/program.js'
import { unit } from '../helpers/units.js'

const control = (place) => new Daemon({ pidFile: place.file('a.pid') })

needs('python3')('a program is started, shown by its name, and restarted with other arguments', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const words = (ready, ...args) => [
    ...logged(place),
    ...['--ready', ready, '--cwd', place.path, '--', 'python3', SERVES, `port=${port}`, ...args],
  ]
  const started = await daimon(place, 'start', ...words(String(port)))
  t.like(started, { code: 0, stdout: '' })
  const { parent, cwd } = await facts(port)
  t.is(cwd, place.path)
  t.is(parent, (await control(place).status()).pid)
  t.regex((await daimon(place, 'status', ...at(place))).stdout, /^ {2}program {3}python3$/m)
  const listed = await daimon(place, 'list', '--folder', place.path)
  t.regex(listed.stdout, /^ {2}0, generation 1, python3 {2}ready {4}\d+ /m)
  t.is((await daimon(place, 'restart', ...words(`127.0.0.1:${port}`, 'a=b'))).code, 0)
  t.is((await facts(port)).args.at(-1), 'a=b')
  t.is((await daimon(place, 'stop', ...at(place))).code, 0)
  t.deepEqual(place.processes(), [])
})

test.serial('flags are read before the end of the words, and the program has all after it', async (t) => {
  const place = folder(t)
  const started = await daimon(
    place,
    'start',
    ...logged(place),
    '--',
    'sh',
    '-c',
    'exec sleep "$1"',
    '--',
    '1000',
  )
  t.is(started.code, 0)
  const body = await bodyOf(control(place))
  await until(() => place.processes().includes(body))
  t.is((await daimon(place, 'stop', ...at(place))).code, 0)
})

needs('python3')('run becomes the keeper of a program', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const words = ['--ready', String(port), '--', 'python3', SERVES, `port=${port}`]
  const { child, done } = place.spawn([BIN, 'run', ...at(place), ...words], { env: PLAIN })
  const { parent } = await factsWhenUp(port)
  t.is(parent, child.pid)
  await until(async () => (await control(place).status()).starting !== true)
  t.like(await control(place).status(), { state: 'running', pid: child.pid, program: 'python3' })
  child.kill('SIGTERM')
  t.like(await done, { code: 0 })
  t.deepEqual(place.processes(), [])
})

for (const [words, code, told] of [
  [
    ['--', 'no-such-program'],
    2,
    /^daimon: The program: 'no-such-program' is in no folder of PATH\. Install it/,
  ],
  [
    ['--ready', 'manual', '--', 'sleep', '1'],
    2,
    /^daimon: --ready is 'manual', but a 'program' has no context/,
  ],
  [['--ready', 'soon', '--', 'sleep', '1'], 2, /^daimon: --ready must be 'auto', 'manual'/],
  [['--ready', '1:2:3', '--', 'sleep', '1'], 2, /^daimon: --ready takes a word, PORT, HOST:PORT or PATH/],
  [
    ['--exec-argv', '-x', '--', 'sleep', '1'],
    2,
    /^daimon: --exec-argv is for programs of Node\.js.* after it\.$/m,
  ],
  [['--title', 'x', '--', 'sleep', '1'], 2, /^daimon: --title is for programs of Node\.js/],
  [['--log-max-size', '9', '--', 'sleep', '1'], 2, /^daimon: --log-max-size needs a program of Node\.js/],
  [['--respawn=false', '--', 'sleep', '1'], 2, /^daimon: --respawn is false, but 'program' needs a keeper/],
  [['--'], 2, /^daimon: which script\? Or any program, after --\./],
]) {
  test.serial(`wrong: ${words.join(' ')}`, async (t) => {
    const place = folder(t)
    const found = await daimon(place, 'start', ...logged(place), ...words)
    t.like(found, { code, stdout: '' })
    t.regex(found.stderr, told)
    t.deepEqual(place.processes(), [])
  })
}

test.serial('a service of systemd runs the program itself', async (t) => {
  const place = folder(t)
  const flags = ['--name', 'cache', '--user', 'nobody', '--ready', 'notify', '--log', 'x.log', '--nice', '5']
  const text = await unit(t, place, 'systemd', ...flags, '--core-dumps', '--', 'sleep', '10 00', '$x')
  const lines = text.split('\n')
  for (const line of [
    'Type=notify',
    'User=nobody',
    'Nice=5',
    'NoNewPrivileges=yes',
    'LimitCORE=infinity',
    'Restart=on-failure',
    `WorkingDirectory=${place.path}`,
    `StandardOutput=append:${place.file('x.log')}`,
    `StandardError=append:${place.file('x.log')}`,
  ]) {
    t.true(lines.includes(line), line)
  }
  t.regex(text, /^ExecStart=\/\S*\/sleep "10 00" \$\$x$/m)
  t.notRegex(text, /RuntimeDirectory|bin\.js|ExecReload/)
  place.write('own', '#!/bin/sh\n')
  await place.command('chmod', ['+x', place.file('own')])
  t.regex(
    await unit(t, place, 'systemd', '--name', 'own', '--', './own'),
    new RegExp(`^ExecStart=${place.file('own')}$`, 'm'),
  )
})

for (const [kind, words, told] of [
  ['systemd', ['--title', 'x', '--', 'sleep'], /--title is for programs of Node\.js/],
  [
    'systemd',
    ['--clean-env', '--', 'sleep'],
    /systemd itself runs the program, and has nothing like --clean-env/,
  ],
  ['systemd', ['--respawn', '--', 'sleep'], /systemd itself starts it again/],
  ['systemd', ['--ready', '80', '--', 'sleep'], /does not try an address/],
  ['systemd', ['--', 'no-such-program'], /is in no folder of PATH/],
  ['launchd', ['--', 'sleep'], /unit launchd is for scripts/],
]) {
  test.serial(`wrong: unit ${kind} ${words.join(' ')}`, async (t) => {
    const place = folder(t)
    const found = await daimon(place, 'unit', kind, '--name', 'web', ...words)
    t.is(found.code, 2)
    t.regex(found.stderr, told)
  })
}

test.serial('a script before the end of the words has them as its arguments, as ever', async (t) => {
  const place = folder(t)
  t.is((await daimon(place, 'start', ...logged(place), idle(place), '--', 'sleep')).code, 0)
  t.is((await control(place).status()).program, undefined)
  t.is((await daimon(place, 'stop', ...at(place))).code, 0)
})
