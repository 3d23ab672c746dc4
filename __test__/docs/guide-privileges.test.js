// The examples of docs/privileges.md.
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { Daemon } from '../../dist/index.js'
import { guide } from '../helpers/guides.js'
import { content, freePort, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const privileges = guide('docs/privileges.md')
const root = privileges.by(needs('root'))
const dropping = privileges.by(needs('root', 'processor of its own'))
const [, , UID, GID, , HOME] = readFileSync('/etc/passwd', 'utf8')
  .match(/^nobody:.*$/m)[0]
  .split(':')

async function start(t, place, name, { args = [], env } = {}) {
  chmodSync(place.path, 0o755)
  mkdirSync(place.file('jail/inside'), { recursive: true })
  const { code, stderr } = await place.node([`${name}.js`, ...args], { env })
  t.deepEqual([code, stderr], [0, ''])
  const daemon = new Daemon({ pidFile: place.file(`${name}.pid`) })
  const said = () => content(place.file(`${name}.log`))
  return { daemon, said }
}

async function stops(t, daemon) {
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
}

dropping('web.js becomes another user', ['web.js'], async (t, place) => {
  const { daemon, said } = await start(t, place, 'web')
  await until(() => said().endsWith('\n'), 'what it says')
  t.is(said(), `user ${UID}, groups ${GID}, home ${HOME}\n`)
  await stops(t, daemon)
})

dropping('port.js becomes another user after the port is bound', ['port.js'], async (t, place) => {
  const port = await freePort()
  const { daemon } = await start(t, place, 'port', { args: [String(port)] })
  const answer = await new Promise((resolve, reject) => {
    get({ port, agent: false }, (response) => response.once('data', (data) => resolve(String(data)))).on(
      'error',
      reject,
    )
  })
  t.is(answer, `user ${UID}\n`)
  await stops(t, daemon)
})

root('jail.js sees nothing but its jail', ['jail.js'], async (t, place) => {
  chmodSync(place.path, 0o755)
  mkdirSync(place.file('jail/inside'), { recursive: true })
  t.like(await place.node(['jail.js'], { env: { JAIL: place.file('jail') } }), { code: 0, stderr: '' })
  await until(() => content(place.file('jail.log')) === 'all there is: inside\n', 'what it says')
  await stops(t, new Daemon({ pidFile: place.file('jail.pid') }))
})

const nice = privileges.by(needs('nice'))

nice('limited.js has its limits', ['limited.js'], async (t, place) => {
  const { daemon, said } = await start(t, place, 'limited')
  await until(() => said() === '512\n5\n500\n\n', 'what it says')
  await stops(t, daemon)
})

privileges('kept.js writes to a descriptor of its launcher', ['kept.js'], async (t, place) => {
  const run = ['-c', 'exec "$0" kept.js 3>>kept.txt', process.execPath]
  t.like(await place.command('sh', run), { code: 0, stderr: '' })
  const daemon = new Daemon({ pidFile: place.file('kept.pid') })
  const { pid } = await daemon.status()
  await until(() => content(place.file('kept.txt')) === `written by ${pid}\n`, 'what it writes')
  await stops(t, daemon)
})
