// Our half of docs/migrating.md.
import { Daemon } from '../../dist/index.js'
import { privately } from '../helpers/cli.js'
import { commands, follow, guide } from '../helpers/guides.js'
import { content, freePort, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { ask, WITH_REDIS } from '../helpers/redis.js'

const migrating = guide('docs/migrating.md')

const says = (place, name, text) => until(() => content(place.file(`${name}.log`))?.includes(text), text)

async function runs(t, place, ...args) {
  const { code, stdout, stderr } = await place.node(args)
  t.deepEqual([code, stderr], [0, ''])
  return stdout
}

async function stops(t, place, name) {
  const daemon = new Daemon({ pidFile: place.file(`${name}.pid`) })
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.deepEqual(place.processes(), [])
}

migrating('python-daemon', ['pep3143.js'], async (t, place) => {
  await runs(t, place, 'pep3143.js')
  await says(place, 'pep3143', 'in /\n')
  const daemon = new Daemon({ pidFile: place.file('pep3143.pid') })
  await daemon.signal('SIGUSR1')
  await says(place, 'pep3143', 'report\n')
  const ended = daemon.exited()
  await daemon.signal('SIGHUP')
  await ended
  t.deepEqual(place.processes(), [])
})

for (const name of ['runner', 'mine', 'ocle']) {
  migrating(`${name}.js starts, restarts and stops`, [`${name}.js`], async (t, place) => {
    const pid = async () => (await new Daemon({ pidFile: place.file(`${name}.pid`) }).status()).pid
    await runs(t, place, `${name}.js`, 'start')
    const first = await pid()
    await runs(t, place, `${name}.js`, 'restart')
    t.true((await pid()) > 0)
    t.not(await pid(), first)
    await runs(t, place, `${name}.js`, 'stop')
    t.deepEqual(place.processes(), [])
  })
}

migrating('Daemoniker', ['daemoniker.js'], async (t, place) => {
  t.regex(await runs(t, place, 'daemoniker.js'), /^started \d+\n$/)
  await says(place, 'daemoniker', 'the password has 6 letters\n')
  await new Daemon({ pidFile: place.file('daemoniker.pid') }).signal('SIGINT')
  await says(place, 'daemoniker', 'SIGINT, and no end\n')
  await stops(t, place, 'daemoniker')
})

migrating('daemonocle is told why it stops', ['ocle.js'], async (t, place) => {
  await runs(t, place, 'ocle.js', 'start')
  await stops(t, place, 'ocle')
  t.is(content(place.file('ocle.log')), 'shutdown: signal SIGTERM\n')
})

migrating('start-stop-daemon', ['ssd-control.js', 'ssd.js'], async (t, place) => {
  await runs(t, place, 'ssd-control.js')
  await runs(t, place, 'ssd-control.js', 'stop')
  t.deepEqual(place.processes(), [])
})

migrating('pm2', ['pm2-web.js', 'pm2-server.js'], async (t, place) => {
  t.regex(await runs(t, place, 'pm2-web.js', 'start'), /state: 'running'/)
  await runs(t, place, 'pm2-web.js', 'reload')
  t.regex(await runs(t, place, 'pm2-web.js', 'upgrade'), /generation: 2/)
  await says(place, 'pm2-web', 'the server is up\n')
  const shown = await runs(t, place, 'pm2-web.js', 'logs')
  t.is(shown.replaceAll(/^daimon: .*\n/gm, ''), 'the server is up\nthe server is up\n')
  t.regex(await runs(t, place, 'pm2-web.js', 'stop'), /wasRunning: true/)
  t.deepEqual(place.processes(), [])
})

migrating('supervisord', ['web-kept.js', 'pm2-server.js'], async (t, place) => {
  t.regex(await runs(t, place, 'web-kept.js', 'start'), /state: 'running'/)
  t.regex(await runs(t, place, 'web-kept.js', 'upgrade'), /generation: 2/)
  t.regex(await runs(t, place, 'web-kept.js', 'stop'), /wasRunning: true/)
  t.deepEqual(place.processes(), [])
})

migrating('daemonize-process', ['process.js'], async (t, place) => {
  await runs(t, place, 'process.js')
  await stops(t, place, 'process')
})

for (const [title, name, stdin, answer] of [
  ['sock-daemon', 'upper', '', /^HELLO\n$/],
  ['core_d', 'count', 'twelve bytes', /^12 characters\n$/],
  ['daemonize-process with a socket', 'one', '', /^served by \d+\n$/],
  ['a pidfile and a socket by hand', 'hand', '', /^connected to \d+\n$/],
]) {
  const engine = name === 'one' ? [] : [`${name}-engine.js`]
  migrating(`${title}: one daemon for two commands`, [`${name}.js`, ...engine], async (t, place) => {
    const asks = async () => {
      const command = place.spawn([`${name}.js`])
      command.child.stdin.end(stdin)
      const { code, stdout, stderr } = await command.done
      t.deepEqual([code, stderr], [0, ''])
      t.regex(stdout, answer)
    }
    await Promise.all([asks(), asks()])
    t.is(place.processes().length, 1)
    await stops(t, place, name)
  })
}

migrating.by(needs('redis-server'))(
  'supervisord and zdaemon: any program',
  ['redis-kept.js'],
  async (t, place) => {
    const port = await freePort()
    place.write('redis-kept.js', place.read('redis-kept.js').replaceAll('7001', String(port)))
    const run = (verb) => place.node(['redis-kept.js', verb], { env: WITH_REDIS })
    t.like(await run('start'), { code: 0, stderr: '' })
    t.is(await ask(port, 'PING'), '+PONG\r\n')
    t.regex((await run('status')).stdout, /program: 'redis-server'/)
    t.like(await run('stop'), { code: 0, stderr: '' })
    t.deepEqual(place.processes(), [])
  },
)

const START = 'daimon start --name web --respawn --log-max-size 10000000 --log-compress server.js -- 8080'
const alone = migrating.by(needs('root', 'mount namespaces'))

alone('pm2, by commands', [START], async (t, place) => {
  place.rename('pm2-server.js', 'server.js')
  const script = follow(commands('docs/migrating.md').get(START), 'the server is up')
  const { code, stderr } = await privately(place, `set -e\n${script}`)
  t.is(code, 0, stderr)
  t.regex(place.read('followed'), /^the server is up$/m)
  t.deepEqual(place.processes(), [])
})
