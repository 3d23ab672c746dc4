// The examples of docs/supervisors.md.
import { lstatSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, dirname } from 'node:path'
import { Daemon } from '../../dist/index.js'
import { guide } from '../helpers/guides.js'
import { content, freePort, stat, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { listen, supervised } from '../helpers/supervisor.js'

const supervisors = guide('docs/supervisors.md')

/** Puts the programs on a port that nobody else has; gives their URL. */
async function onFreePort(place) {
  const port = await freePort()
  for (const name of ['web.js', 'service.js'])
    place.write(name, place.read(name).replace(/\b808[67]\b/, String(port)))
  return `http://127.0.0.1:${port}`
}

const hello = async (url) => (await fetch(url)).text()

supervisors('web.js by hand detaches', ['web.js'], async (t, place) => {
  const url = await onFreePort(place)
  t.like(await place.node(['web.js']), { code: 0, stderr: '' })
  t.is(await hello(url), 'Hello\n')
  t.like(await new Daemon({ pidFile: place.file('web.pid') }).stop(), { wasRunning: true, forced: false })
})

const asService = supervisors.by(needs('python3'))

asService('web.js as a service', ['web.js'], async (t, place) => {
  const systemd = await listen(place, place.file('notify'))
  const socket = createServer()
  await new Promise((resolve) => socket.listen(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  const variables = {
    NOTIFY_SOCKET: systemd.address,
    WATCHDOG_USEC: '30000000',
    LISTEN_PID: 'PID',
    LISTEN_FDS: '1',
    LISTEN_FDNAMES: 'web.socket',
  }
  const stdio = ['ignore', 'pipe', 'pipe', socket._handle]
  const service = supervised(place, variables, ['web.js'], { stdio })
  await systemd.hears('READY=1')
  await new Promise((resolve) => socket.close(resolve))
  t.is(await hello(`http://127.0.0.1:${port}`), 'Hello\n')
  await systemd.hears('STATUS=1 requests')
  const daemon = new Daemon({ pidFile: place.file('web.pid') })
  await daemon.reload()
  await systemd.hears('STATUS=configuration read again')
  await daemon.stop()
  t.like(await service.done, { code: 0, stdout: '', stderr: '' })
})

const analyzed = supervisors.by(needs('systemd-analyze'))
const UNITS = ['web.service', 'web.socket', 'forking.service']

analyzed('the units are as systemd wants them', UNITS, async (t, place) => {
  for (const name of ['web.service', 'forking.service'])
    place.write(name, place.read(name).replace('/usr/bin/node', process.execPath))
  const { code, stderr } = await place.command('systemd-analyze', [
    'verify',
    ...UNITS.map((name) => `./${name}`),
  ])
  const ours = stderr.split('\n').filter((line) => /\b(?:web|forking)\.(?:service|socket)\b/.test(line))
  t.deepEqual([code, ours], [0, []], stderr)
})

/**
 * What systemd wants of a service of Type=forking: the process that it has started exits with 0, and by then `PIDFile=`
 * is a regular file, of root's or of the service's user, that names a process of the service.
 */
asService('forking.js as a service of Type=forking', ['forking.js'], async (t, place) => {
  const port = await freePort()
  const unit = place.read('forking.service')
  const [, pidFile] = /^PIDFile=(.*)$/m.exec(unit)
  const [, folder] = /^RuntimeDirectory=(.*)$/m.exec(unit)
  t.is(dirname(pidFile), `/run/${folder}`)
  const program = place.read('forking.js')
  t.true(program.includes(`'${pidFile}'`), 'the unit and the program mean the same file')
  mkdirSync(place.file('run'), { mode: 0o755 })
  place.write(
    'forking.js',
    program.replace(dirname(pidFile), place.file('run')).replace('8088', String(port)),
  )
  // Under a supervisor, which `detach: true` overrules.
  const launcher = supervised(place, { SYSTEMD_EXEC_PID: 'PID' }, ['forking.js'])
  const { code, pid: launched, stderr } = await launcher.done
  t.deepEqual([code, stderr], [0, ''])
  const file = place.file(`run/${basename(pidFile)}`)
  const text = content(file)
  t.regex(text, /^[1-9]\d*\n$/)
  const pid = Number(text)
  t.not(pid, launched)
  t.deepEqual(place.processes(), [pid])
  const found = lstatSync(file)
  t.true(found.isFile())
  t.deepEqual([found.uid, found.nlink, found.mode & 0o022], [process.geteuid(), 1, 0])
  t.is(await hello(`http://127.0.0.1:${port}`), 'Hello\n', 'it serves by then')
  // As systemd stops it; then the file is gone.
  process.kill(pid, 'SIGTERM')
  await until(() => place.processes().length === 0, 'its end')
  t.is(content(file), undefined)
})

asService(
  'a start that fails is a failure of the service of Type=forking',
  ['forking.js'],
  async (t, place) => {
    mkdirSync(place.file('run'), { mode: 0o755 })
    const program = place.read('forking.js').replace('/run/forking', place.file('run'))
    place.write('forking.js', program.replace('8088', '-1'))
    const { code, stderr } = await supervised(place, { SYSTEMD_EXEC_PID: 'PID' }, ['forking.js']).done
    t.is(code, 1)
    t.regex(stderr, /ERR_SOCKET_BAD_PORT/)
    t.is(content(place.file('run/forking.pid')), undefined)
    t.deepEqual(place.processes(), [])
  },
)

const isolated = supervisors.by(needs('root', 'PID namespaces'))

isolated('the command of the Dockerfile as PID 1', ['Dockerfile', 'web.js'], async (t, place) => {
  const url = await onFreePort(place)
  const [, command] = /^CMD (.*)$/m.exec(place.read('Dockerfile'))
  const [node, ...args] = JSON.parse(command)
  t.is(node, 'node')
  const unshare = ['-pf', '--mount-proc', '--kill-child', process.execPath, ...args]
  const container = place.spawnCommand('unshare', unshare)
  await until(() => content(place.file('web.pid')) === '1\n', 'PID 1')
  t.is(await until(() => hello(url).catch(() => undefined), 'the server'), 'Hello\n')
  const [init] = place.processes().filter((pid) => stat(pid).ppid === container.pid)
  process.kill(init, 'SIGTERM')
  t.like(await container.done, { code: 0, stderr: '' })
})

supervisors(
  'service.js, anew after a change, and stopped from elsewhere',
  ['service.js'],
  async (t, place) => {
    const url = await onFreePort(place)
    const watcher = place.spawn(['--watch', 'service.js'])
    const pids = () => [...watcher.output().stdout.matchAll(/^foreground: (\d+)$/gm)].map(([, pid]) => pid)
    await until(() => pids().length === 1, 'the first')
    t.is(await hello(url), 'Hello\n')
    place.write('service.js', place.read('service.js').replaceAll('Hello', 'Good morning'))
    await until(() => pids().length === 2, 'the second')
    t.is(await hello(url), 'Good morning\n')
    t.like(await place.node(['service.js', 'status']), { code: 0, stdout: `status: ${pids()[1]}\n` })
    t.like(await place.node(['service.js', 'stop']), { code: 0, stdout: 'stop: no process\n' })
    t.is(content(place.file('service.pid')), undefined)
  },
)
