// The examples of docs/supervisors.md.
import { createServer } from 'node:net'
import { Daemon } from '../dist/index.js'
import { guide } from './helpers/guides.js'
import { content, freePort, stat, until } from './helpers/index.js'
import { needs } from './helpers/needs.js'
import { listen, supervised } from './helpers/supervisor.js'

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
const UNITS = ['web.service', 'web.socket']

analyzed('the units are as systemd wants them', UNITS, async (t, place) => {
  const unit = place.read('web.service').replace('/usr/bin/node', process.execPath)
  place.write('web.service', unit)
  const { code, stderr } = await place.command('systemd-analyze', ['verify', './web.service', './web.socket'])
  const ours = stderr.split('\n').filter((line) => /\bweb\.(?:service|socket)\b/.test(line))
  t.deepEqual([code, ours], [0, []], stderr)
})

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
