// The examples of docs/on-demand.md.
import { existsSync } from 'node:fs'
import { Daemon } from '../../dist/index.js'
import { privately } from '../helpers/cli.js'
import { commands, guide } from '../helpers/guides.js'
import { content, fixture, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { close } from '../helpers/on-demand.js'

const onDemand = guide('docs/on-demand.md')

const engineOf = (place, name) => new Daemon({ pidFile: place.file(`${name}.pid`), socket: true })

/** Runs the command to its end; gives its output. */
async function says(t, place, ...args) {
  const { code, stdout, stderr } = await place.node(args)
  t.deepEqual([code, stderr], [0, ''])
  return stdout
}

async function stops(t, place, name) {
  t.like(await engineOf(place, name).stop(), { wasRunning: true, forced: false })
  t.false(existsSync(place.file(`${name}.sock`)))
  t.deepEqual(place.processes(), [])
}

onDemand('lint.js starts its engine, and finds it again', ['lint.js', 'lint-engine.js'], async (t, place) => {
  t.is(await says(t, place, 'lint.js', 'a.js'), 'checked a.js, 1 so far\n')
  t.is(await says(t, place, 'lint.js', 'b.js'), 'checked b.js, 2 so far\n')
  await stops(t, place, 'lint-engine')
})

onDemand(
  'lint.js of another version gets another engine',
  ['lint.js', 'lint-engine.js'],
  async (t, place) => {
    t.is(await says(t, place, 'lint.js', 'a.js'), 'checked a.js, 1 so far\n')
    place.write('lint.js', place.read('lint.js').replace('1.4.2', '1.4.3'))
    t.is(await says(t, place, 'lint.js', 'b.js'), 'checked b.js, 1 so far\n')
    await stops(t, place, 'lint-engine')
  },
)

onDemand('its engine ends when nobody uses it', ['lint.js', 'lint-engine.js'], async (t, place) => {
  place.write('lint.js', place.read('lint.js').replace('15 * 60_000', '50'))
  await says(t, place, 'lint.js', 'a.js')
  await until(() => place.processes().length === 0, 'its end')
  t.is(content(place.file('lint-engine.pid')), undefined)
})

onDemand('hello.js asks over HTTP', ['hello.js', 'hello-engine.js'], async (t, place) => {
  t.is(await says(t, place, 'hello.js'), 'Hello\n')
  t.is(await says(t, place, 'hello.js'), 'Hello\n')
  await stops(t, place, 'hello-engine')
})

const START = 'daimon start --name echo --socket --idle-timeout 900000 --log echo.log echo-engine.js'
const alone = onDemand.by(needs('root', 'mount namespaces'))

alone('the commands start, ask and stop', [START, 'echo-engine.js'], async (t, place) => {
  place.write('question.txt', 'and?\n')
  const { code, stdout, stderr } = await privately(
    place,
    `set -e\n${commands('docs/on-demand.md').get(START)}`,
  )
  t.is(code, 0, stderr)
  t.is(stdout, 'and?\n')
  t.is(place.read('echo.txt'), `connection 1 is of user ${process.getuid()}\n`)
  t.is(place.read('echo.log'), 'stopped: signal\n')
  t.deepEqual(place.processes(), [])
})

const asService = onDemand.by(needs('python3'))

asService('service.js serves the socket of systemd', ['service.js'], async (t, place) => {
  const path = place.file('engine.sock')
  place.write('service.js', place.read('service.js').replace('/run/engine.sock', path))
  const args = [fixture('supervisor/activates.py'), path, process.execPath, 'service.js']
  const service = place.spawnCommand('python3', args)
  await until(() => service.output().stdout.includes('listening'), 'the socket')
  const client = new Daemon({ pidFile: place.file('engine.pid'), socket: path })
  const socket = await client.connect({ start: false })
  t.is(socket.daemon.pid, service.pid)
  await close(socket)
  await client.stop()
  t.is((await service.done).code, 0)
  t.true(existsSync(path))
})

const analyzed = onDemand.by(needs('systemd-analyze'))
const UNITS = ['engine.service', 'engine.socket']

analyzed('the units are as systemd wants them', UNITS, async (t, place) => {
  place.write('engine.service', place.read('engine.service').replace('/usr/bin/node', process.execPath))
  const { code, stderr } = await place.command('systemd-analyze', [
    'verify',
    ...UNITS.map((name) => `./${name}`),
  ])
  const ours = stderr.split('\n').filter((line) => /\bengine\.(?:service|socket)\b/.test(line))
  t.deepEqual([code, ours], [0, []], stderr)
})
