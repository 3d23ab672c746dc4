// The programs in examples/, as a user would run them: copied, with daimon beside them, and a pidfile in their folder.
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { content, folder, freePort, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { listen, supervised } from '../helpers/supervisor.js'

function place(t) {
  const here = folder(t)
  mkdirSync(here.file('node_modules'))
  for (const name of ['commander', 'tsx']) {
    symlinkSync(join(ROOT, 'node_modules', name), here.file(`node_modules/${name}`))
  }
  symlinkSync(ROOT, here.file('node_modules/daimon'))
  here.write('package.json', '{ "type": "module" }')
  return here
}

/** Copies an example; its daemon has its pidfile in the test's folder. */
function copy(here, name) {
  const text = readFileSync(join(ROOT, 'examples', name), 'utf8')
  return here.write(name, text.replace(/\bname: '(\w+)'/, "name: '$1', pidFile: '$1.pid'"))
}

const control = (here, name) => new Daemon({ pidFile: here.file(`${name}.pid`) })
const answer = async (port) => (await fetch(`http://127.0.0.1:${port}`)).text()

async function stops(t, here, name) {
  t.like(await control(here, name).stop(), { wasRunning: true, forced: false })
  t.deepEqual(here.processes(), [])
}

test.serial('worker.js works until it is stopped', async (t) => {
  const here = place(t)
  const program = copy(here, 'worker.js')
  t.like(await here.node([program]), { code: 0, stderr: '' })
  await until(() => content(here.file('worker.log'))?.includes('job 2\n'), 'two jobs')
  t.like(await here.node([program, 'stop']), { code: 0, stderr: '' })
  t.deepEqual(here.processes(), [])
})

needs('root', 'processor of its own')('port.js serves as somebody else', async (t) => {
  const here = place(t)
  const port = await freePort()
  t.like(await here.node([copy(here, 'port.js'), String(port)]), { code: 0, stderr: '' })
  const nobody = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(\d+)/m)[1]
  t.is(await answer(port), `user ${nobody}\n`)
  await stops(t, here, 'port')
})

needs('esbuild')('greeter.ts, with commander, starts, says so, and stops', async (t) => {
  const here = place(t)
  const port = await freePort()
  const run = (...args) => here.node(['--import', 'tsx', copy(here, 'greeter.ts'), ...args])
  const started = await run('start', 'Hello', String(port))
  t.regex(started.stdout, /^greeting on port \d+ with PID \d+\n$/, started.stderr)
  t.is(await answer(port), 'Hello\n')
  t.is((await run('status')).stdout, 'running\n')
  t.is((await run('stop')).stdout, 'stopped\n')
  t.is((await run('stop')).stdout, 'it was not running\n')
})

test.serial('plain.js is a daemon without knowing it', async (t) => {
  const here = place(t)
  copy(here, 'plain.js')
  const program = copy(here, 'control.js')
  t.regex((await here.node([program, 'start'])).stdout, /state: 'running'/)
  await until(() => content(here.file('plain.log'))?.startsWith('tick 1\n'), 'a tick')
  t.regex((await here.node([program, 'stop'])).stdout, /wasRunning: true/)
  t.deepEqual(here.processes(), [])
})

needs('python3')('notified.js tells its supervisor what it does', async (t) => {
  const here = place(t)
  const port = await freePort()
  const systemd = await listen(here, here.file('notify'))
  const variables = {
    NOTIFY_SOCKET: systemd.address,
    WATCHDOG_USEC: '200000',
    PORT: String(port),
    PIDFILE: here.file('notified.pid'),
  }
  const service = supervised(here, variables, [copy(here, 'notified.js')])
  await systemd.hears('READY=1')
  await systemd.hears('STATUS=serving')
  await systemd.hears('WATCHDOG=1')
  t.is(await answer(port), 'hello\n')
  await control(here, 'notified').reload()
  await systemd.hears('STATUS=reloaded')
  await control(here, 'notified').stop()
  t.is((await service.done).code, 0)
  t.true(systemd.heard().flat().includes('STOPPING=1'))
})

needs('systemd-analyze')('notified.service is a correct unit', async (t) => {
  const here = place(t)
  here.write('notified.service', readFileSync(join(ROOT, 'examples/notified.service'), 'utf8'))
  const { stderr } = await here.command('systemd-analyze', ['verify', here.file('notified.service')])
  // An unknown key is told on stderr, and exits with 0; that the program is not installed here is no fault of the unit.
  const complaints = stderr
    .split('\n')
    .filter((line) => line.includes('notified.service') && !/not executable/.test(line))
  t.deepEqual(complaints, [])
})
