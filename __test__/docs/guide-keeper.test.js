// The examples of docs/keeper.md.
import { connect } from 'node:net'
import { Daemon } from '../../dist/index.js'
import { daimon, PLAIN, privately } from '../helpers/cli.js'
import { commands, guide } from '../helpers/guides.js'
import { alive, freePort, kill, until } from '../helpers/index.js'
import { get } from '../helpers/keeper.js'
import { needs } from '../helpers/needs.js'
import { ask, WITH_REDIS } from '../helpers/redis.js'

const keeper = guide('docs/keeper.md')
const control = (place, name) => new Daemon({ pidFile: place.file(`${name}.pid`) })
/** By a connection of its own: one that lasts ends with a program that crashes. */
const page = (port, path = '/') => get({ port, path })

/** Has the program use another port than that of the page. */
async function onFreePort(place, name, shown) {
  const port = await freePort()
  place.write(name, place.read(name).replaceAll(shown, String(port)))
  return port
}

keeper(
  'shop-ctl.js starts, upgrades and stops what comes back',
  ['shop-ctl.js', 'shop.js'],
  async (t, place) => {
    const port = await onFreePort(place, 'shop-ctl.js', '8085')
    const run = (verb) => place.node(['shop-ctl.js', verb], { env: PLAIN })
    t.like(await run('start'), { code: 0, stderr: '' })
    const first = await page(port)
    await t.throwsAsync(page(port, '/crash'))
    const second = await page(port)
    t.not(second, first)
    t.regex(
      place.read('shop.log'),
      /^daimon: the program \(PID \d+\) has ended with the code 3; it is started again now/m,
    )
    t.regex((await run('upgrade')).stdout, /generation: 2/)
    t.not(await page(port), second)
    t.regex((await run('status')).stdout, /respawns: 1/)
    t.is((await run('stop')).code, 0)
    t.deepEqual(place.processes(), [])
  },
)

keeper('lines.js ends its connections at an upgrade', ['lines.js'], async (t, place) => {
  const port = String(await freePort())
  const flags = ['--pid-file', place.file('lines.pid'), '--log', place.file('lines.log'), '--respawn=never']
  t.is((await daimon(place, 'start', ...flags, place.file('lines.js'), '--', port)).code, 0)
  const { bodies } = await control(place, 'lines').status()
  const client = connect(Number(port), '127.0.0.1').setEncoding('utf8')
  let heard = ''
  client.on('data', (text) => {
    heard += text
  })
  await until(() => heard === `${bodies[0].pid}\n`, 'the connection')
  await control(place, 'lines').upgrade()
  await until(() => heard.endsWith('come again\n'), 'the end')
  client.destroy()
  await until(
    async () => (await control(place, 'lines').status()).bodies.length === 1,
    'the end of the drain',
  )
  await control(place, 'lines').stop()
  t.deepEqual(place.processes(), [])
})

keeper('first.js opens its sockets before the program', ['first.js', 'shop.js'], async (t, place) => {
  const port = await onFreePort(place, 'first.js', '8086')
  t.like(await place.node(['first.js', 'start'], { env: PLAIN }), { code: 0, stderr: '' })
  t.regex(await page(port), /^served by \d+\n$/)
  t.like(await place.node(['first.js', 'stop'], { env: PLAIN }), { code: 0, stderr: '' })
  t.deepEqual(place.processes(), [])
})

keeper('ecosystem.js runs several', ['ecosystem.js', 'jobs.js', 'shop.js'], async (t, place) => {
  const port = await onFreePort(place, 'ecosystem.js', '8087')
  const run = (verb) => place.node(['ecosystem.js', verb], { env: PLAIN })
  t.like(await run('start'), { code: 0, stderr: '' })
  t.is((await control(place, 'api').status()).bodies.length, 2)
  t.regex(await page(port), /^served by \d+\n$/)
  await until(() => place.read('jobs.log').includes('a job\n'), 'a job')
  t.like(await run('upgrade'), { code: 0, stderr: '' })
  t.like(await run('stop'), { code: 0, stderr: '' })
  t.deepEqual(place.processes(), [])
})

const redis = keeper.by(needs('redis-server'))

redis('cache.js keeps a server that knows nothing of daimon', ['cache.js'], async (t, place) => {
  const port = await onFreePort(place, 'cache.js', '7000')
  const run = (verb) => place.node(['cache.js', verb], { env: { ...PLAIN, ...WITH_REDIS } })
  t.like(await run('start'), { code: 0, stderr: '' })
  t.is(await ask(port, 'PING'), '+PONG\r\n')
  const [{ pid }] = (await control(place, 'cache').status()).bodies
  kill(pid)
  await until(() => !alive(pid))
  await until(async () => (await ask(port, 'PING').catch(() => undefined)) === '+PONG\r\n', 'the next one')
  t.regex((await run('status')).stdout, /respawns: 1/)
  t.like(await run('stop'), { code: 0, stderr: '' })
  // It has stopped in order, by SIGTERM.
  t.regex(place.read('cache.log'), /Redis is now ready to exit, bye bye/)
  t.deepEqual(place.processes(), [])
})

keeper.by(needs('python3'))(
  'clock.js upgrades a server in Python with its socket',
  ['clock.js', 'clock.py'],
  async (t, place) => {
    const port = await onFreePort(place, 'clock.js', '8088')
    const run = (verb) => place.node(['clock.js', verb], { env: PLAIN })
    const pid = async () => Number((await ask(port)).split(' ')[0])
    t.like(await run('start'), { code: 0, stderr: '' })
    const first = await pid()
    t.regex((await run('upgrade')).stdout, /generation: 2/)
    const second = await pid()
    t.not(second, first)
    kill(second)
    // It may have accepted one more connection.
    await until(() => !alive(second))
    t.not(await pid(), second)
    t.like(await run('stop'), { code: 0, stderr: '' })
    t.deepEqual(place.processes(), [])
  },
)

const CACHE = "daimon start --name cache --ready 7000 --respawn -- redis-server --port 7000 --save ''"

keeper.by(needs('redis-server', 'root', 'mount namespaces'))(
  'the command keeps any program',
  [CACHE],
  async (t, place) => {
    const port = String(await freePort())
    const script = commands('docs/keeper.md').get(CACHE).replaceAll('7000', port)
    const path = WITH_REDIS.PATH ?? process.env.PATH
    const { code, stdout, stderr } = await privately(place, `set -e\nPATH='${path}'\n${script}`)
    t.is(code, 0, stderr)
    t.regex(stdout, /^ {2}program {3}redis-server$/m)
    t.deepEqual(place.processes(), [])
  },
)

const START = 'daimon start --name shop --respawn shop.js -- 8085'
const STATUS = 'daimon status web'
const alone = keeper.by(needs('root', 'mount namespaces'))
const block = (first) => commands('docs/keeper.md').get(first)

alone('the commands do the same', [START, STATUS], async (t, place) => {
  const port = String(await freePort())
  const status = block(STATUS).replace(' web', ' shop')
  const script = block(START).replace('8085', port).replace('daimon stop', `${status}\ndaimon stop`)
  const { code, stdout, stderr } = await privately(place, `set -e\n${script}`)
  t.is(code, 0, stderr)
  t.regex(stdout, /^ {2}0 {9}2 {11}ready /m)
  t.deepEqual(place.processes(), [])
})
