// The command, and the logs that it shows.
import test from 'ava'
import { BIN, idle, PLAIN } from '../helpers/cli.js'
import { content, folder, until } from '../helpers/index.js'
import { bodied } from '../helpers/windows-daemons.js'

/** The command, with a folder of its own for named daemons. */
const commands =
  (place) =>
  (...args) =>
    place.node([BIN, ...args], { env: { ...PLAIN, DAIMON_HOME: place.file('home') } })

test.serial('start, status, list, restart and stop of a named daemon', async (t) => {
  const place = folder(t)
  const daimon = commands(place)
  const script = idle(place)
  t.like(await daimon('status', 'web'), { code: 3 })
  t.like(await daimon('start', '--name', 'web', script), { code: 0, stdout: '' })
  const { code, stdout } = await daimon('status', 'web', '--json')
  const status = JSON.parse(stdout)
  t.like({ code, ...status }, { code: 0, state: 'running', pidFile: place.file('home\\web.pid') })
  t.deepEqual(place.processes(), [status.pid])
  const again = { code: 0, stderr: `web is already running with PID ${status.pid}\n` }
  t.like(await daimon('start', '--name', 'web', script), again)
  const [row] = JSON.parse((await daimon('list', '--json')).stdout)
  t.like(row, { name: 'web', state: 'running', pid: status.pid })
  t.regex((await daimon('list')).stdout, new RegExp(`^NAME .*\\r?\\nweb +running +${status.pid} `))
  const restarted = await daimon('restart', '--name', 'web', script, '--json')
  t.is(restarted.code, 0, restarted.stderr)
  t.not(JSON.parse(restarted.stdout).pid, status.pid)
  t.like(await daimon('stop', 'web'), { code: 0 })
  t.like(await daimon('stop', 'web'), { code: 0 })
  t.like(await daimon('signal', 'web', 'SIGTERM'), { code: 7 })
  t.deepEqual(place.processes(), [])
})

test.serial('a failed start exits with 1 and shows the error; a wrong word with 2', async (t) => {
  const place = folder(t)
  const daimon = commands(place)
  const { code, stderr } = await daimon(
    'start',
    '--name',
    'web',
    place.write('bad.mjs', "throw new Error('boom')"),
  )
  t.is(code, 1)
  t.regex(stderr, /boom/)
  t.like(await daimon('strat'), { code: 2 })
  t.like(await daimon('start', '--name', 'a b', 'x.mjs'), { code: 2 })
  t.deepEqual(place.processes(), [])
})

test.serial('signal and reload reach the daemon, and logs shows what it says', async (t) => {
  const place = folder(t)
  const daimon = commands(place)
  const daemon = bodied(place, { log: place.file('a.log') })
  await daemon.start('serve')
  const at = ['--pid-file', place.file('a.pid')]
  t.like(await daimon('reload', ...at), { code: 0 })
  await until(() => content(place.file('a.log')) === 'reloaded\n', 'the first line')
  t.like(await daimon('signal', ...at, 'SIGHUP'), { code: 0 })
  await until(() => content(place.file('a.log')) === 'reloaded\n'.repeat(2), 'the second line')
  t.like(await daimon('logs', '--log', place.file('a.log'), ...at), {
    code: 0,
    stdout: 'reloaded\n'.repeat(2),
  })
  t.like(await daimon('stop', ...at), { code: 0 })
})

test.serial('logs() gives the last lines, and follows', async (t) => {
  const place = folder(t)
  const daemon = bodied(place, { log: place.file('a.log') })
  await daemon.start('serve')
  for (let line = 1; line <= 3; line++) {
    await daemon.reload()
    await until(() => content(place.file('a.log')) === 'reloaded\n'.repeat(line), `line ${line}`)
  }
  const last = []
  for await (const line of daemon.logs({ lines: 2 })) last.push(line)
  t.deepEqual(last, ['reloaded', 'reloaded'])
  const lines = daemon.logs({ lines: 0, follow: true })[Symbol.asyncIterator]()
  let found
  void lines.next().then((next) => {
    found = next
  })
  // It follows from the moment in which it has opened the file.
  const isFound = async () => {
    await daemon.reload()
    return found
  }
  await until(isFound, 'the next line')
  t.deepEqual(found, { value: 'reloaded', done: false })
  await lines.return()
  await daemon.stop()
})
