// The command on a real terminal: progress, colours, Ctrl-C.
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { at, BIN, daimon, idle, logged, PLAIN, privately } from '../helpers/cli.js'
import { content, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { terminal } from '../helpers/terminal.js'

const onTerminal = (place, args, env = {}) =>
  terminal(place, [BIN, ...args], { ...PLAIN, TERM: 'xterm', ...env })
const tty = needs('python3')

/** Tells how it is getting on, and is never ready; `up` holds its PID. */
const SLOW = `import { renameSync, writeFileSync } from 'node:fs'
import { Daemon } from "DAIMON"
writeFileSync('up.new', String(process.pid))
renameSync('up.new', 'up')
process.on('SIGUSR2', () => { Daemon.current.notify('loading 2 of 2'); Daemon.current.ready() })
Daemon.current.notify('loading\\n\\u001b[31m1 of 2')
setInterval(() => {}, 1e6)`

tty('while a start waits, one line shows how the daemon is getting on', async (t) => {
  const place = folder(t)
  const command = onTerminal(place, [
    'start',
    ...logged(place),
    '--ready',
    'manual',
    place.write('slow.mjs', SLOW),
  ])
  const who = place.file('a.pid')
  await command.shows('1 of 2')
  await new Daemon({ pidFile: who }).signal('SIGUSR2')
  const { shown, code } = await command.end()
  t.is(code, 0)
  const pid = content(place.file('up'))
  t.true(shown.startsWith('\r\u001b[K'))
  const steps = shown.split('\r\u001b[K').slice(1)
  t.is(steps.shift(), `${`${who}: starting`.slice(0, 78)}…`)
  t.is(
    steps[0],
    `${`${who}: loading [31m1 of 2`.slice(0, 78)}…`,
    'no line end, and nothing that the terminal obeys',
  )
  t.is(steps.at(-1), `${who} is running with PID ${pid}\n`, 'which is gone in the end')
  for (const step of steps.slice(0, -1)) t.false(step.includes('\n'))
})

for (const verb of ['start', 'restart']) {
  tty(`Ctrl-C while a ${verb} waits ends it with 130, and nothing is left of the daemon`, async (t) => {
    const place = folder(t)
    const script = place.write('slow.mjs', SLOW)
    const command = onTerminal(place, [verb, ...logged(place), '--ready', 'manual', script])
    await command.shows('1 of 2')
    command.type('^C')
    const { shown, code } = await command.end()
    t.is(code, 130)
    t.true(shown.endsWith(`daimon: ${place.file('a.pid')} was not started: interrupted\n`), shown)
    t.deepEqual(place.processes(), [])
    t.is(content(place.file('a.pid')), undefined)
  })
}

/** Tells that it is up, and ends when it likes. */
const STUBBORN = `import { writeFileSync } from 'node:fs'
process.on('SIGTERM', () => writeFileSync('asked', ''))
setInterval(() => {}, 1e6)`

for (const verb of ['stop', 'restart']) {
  tty(`Ctrl-C while a ${verb} waits for the end of a daemon says that it still runs`, async (t) => {
    const place = folder(t)
    const start = [...logged(place), place.write('stubborn.mjs', STUBBORN)]
    const { pid } = JSON.parse((await daimon(place, 'start', '--json', ...start)).stdout)
    const command = onTerminal(place, [verb, ...(verb === 'stop' ? at(place) : start)])
    await until(() => content(place.file('asked')) !== undefined, 'the signal')
    command.type('^C')
    const { shown, code } = await command.end()
    t.is(code, 130)
    const what = verb === 'stop' ? '' : ', was not started again,'
    const said = `has been asked to stop${verb === 'stop' ? ',' : what} and still runs, with PID ${pid}: interrupted`
    t.true(shown.endsWith(`daimon: ${place.file('a.pid')} ${said}\n`), shown)
    t.deepEqual(place.processes(), [pid])
  })
}

test.serial('what is interrupted says so in JSON, too', async (t) => {
  const place = folder(t)
  const args = ['start', ...logged(place), '--ready', 'manual', '--json', place.write('slow.mjs', SLOW)]
  const command = place.spawn([BIN, ...args], { env: PLAIN })
  await until(() => content(place.file('up')), 'the daemon')
  command.child.kill('SIGINT')
  const { code, stdout, stderr } = await command.done
  t.deepEqual([code, stderr], [130, ''])
  t.is(JSON.parse(stdout).error.name, 'InterruptedError')
  t.deepEqual(place.processes(), [])
})

test.serial('without a terminal there is no progress and no colour', async (t) => {
  const place = folder(t)
  const { stderr } = await daimon(place, 'start', ...logged(place), idle(place))
  const { stdout } = await daimon(place, 'status', ...at(place))
  t.false(`${stderr}${stdout}`.includes('\u001b'))
})

tty('the state is in colour, unless NO_COLOR says otherwise or JSON is wanted', async (t) => {
  const place = folder(t)
  await daimon(place, 'start', ...logged(place), idle(place))
  const status = ['status', ...at(place)]
  const { shown } = await onTerminal(place, status).end()
  t.true(shown.startsWith(`${place.file('a.pid')} is \u001b[32mrunning\u001b[39m\n`), shown)
  t.false((await onTerminal(place, status, { NO_COLOR: '1' }).end()).shown.includes('\u001b'))
  t.true((await onTerminal(place, status, { NO_COLOR: '' }).end()).shown.includes('\u001b'))
  t.false((await onTerminal(place, [...status, '--json']).end()).shown.includes('\u001b'))
})

needs(
  'root',
  'mount namespaces',
  'python3',
)('the table is in colour, and its columns as wide as what is seen', async (t) => {
  const place = folder(t)
  const show = `import pty, sys; pty.spawn(sys.argv[1:])`
  const { stdout } = await privately(
    place,
    `daimon start --name a ${idle(place)}
    daimon start --name longer ${idle(place)}; daimon stop longer; touch /run/daimon/longer.pid
    python3 -c '${show}' ${process.execPath} ${BIN} list`,
  )
  const [head, first, second] = stdout
    .replaceAll('\u001b[', '<')
    .replaceAll(/(?<=<\d+)m/g, 'm>')
    .split('\r\n')
  t.regex(head, /^<1m>NAME {4}STATE {4}PID .*<22m>$/)
  t.regex(first, /^a {7}<32m>running<39m> {2}\d+/)
  t.regex(second, /^longer {2}stopped {2}- /)
})

tty('Ctrl-C ends what runs in the foreground with its hooks, and with 0', async (t) => {
  const place = folder(t)
  const text = `import { Daemon } from "DAIMON"
    Daemon.current.onStop(() => console.log('hook'))
    console.log('up')
    setInterval(() => {}, 1e6)`
  const command = onTerminal(place, ['run', ...at(place), place.write('a.mjs', text)])
  await command.shows('up')
  command.type('^C')
  t.deepEqual(await command.end(), { shown: 'up\n^Chook\n', code: 0 })
  t.is(content(place.file('a.pid')), undefined)
})
