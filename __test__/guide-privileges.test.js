// The examples of docs/privileges.md.
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import test from 'ava'
import { Daemon } from '../dist/index.js'
import { writeExamples } from './helpers/guides.js'
import { content, folder, freePort, until } from './helpers/index.js'
import { needs } from './helpers/needs.js'

const root = needs('root')
const dropping = needs('root', 'processor of its own')
const [, , UID, GID, , HOME] = readFileSync('/etc/passwd', 'utf8')
  .match(/^nobody:.*$/m)[0]
  .split(':')

async function start(t, name, { args = [], env } = {}) {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  writeExamples(place, 'docs/privileges.md')
  mkdirSync(place.file('jail/inside'), { recursive: true })
  const { code, stderr } = await place.node([`${name}.js`, ...args], { env })
  t.deepEqual([code, stderr], [0, ''])
  const daemon = new Daemon({ pidFile: place.file(`${name}.pid`) })
  const said = () => content(place.file(`${name}.log`))
  return { place, daemon, said }
}

async function stops(t, daemon) {
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
}

dropping('web.js', async (t) => {
  const { daemon, said } = await start(t, 'web')
  await until(() => said().endsWith('\n'), 'what it says')
  t.is(said(), `user ${UID}, groups ${GID}, home ${HOME}\n`)
  await stops(t, daemon)
})

dropping('port.js', async (t) => {
  const port = await freePort()
  const { daemon } = await start(t, 'port', { args: [String(port)] })
  const answer = await new Promise((resolve, reject) => {
    get({ port, agent: false }, (response) => response.once('data', (data) => resolve(String(data)))).on(
      'error',
      reject,
    )
  })
  t.is(answer, `user ${UID}\n`)
  await stops(t, daemon)
})

root('jail.js', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  writeExamples(place, 'docs/privileges.md')
  mkdirSync(place.file('jail/inside'), { recursive: true })
  t.like(await place.node(['jail.js'], { env: { JAIL: place.file('jail') } }), { code: 0, stderr: '' })
  await until(() => content(place.file('jail.log')) === 'all there is: inside\n', 'what it says')
  await stops(t, new Daemon({ pidFile: place.file('jail.pid') }))
})

needs('nice')('limited.js', async (t) => {
  const { daemon, said } = await start(t, 'limited')
  await until(() => said() === '512\n5\n500\n\n', 'what it says')
  await stops(t, daemon)
})

test.serial('kept.js', async (t) => {
  const place = folder(t)
  writeExamples(place, 'docs/privileges.md')
  const run = ['-c', 'exec "$0" kept.js 3>>kept.txt', process.execPath]
  t.like(await place.command('sh', run), { code: 0, stderr: '' })
  const daemon = new Daemon({ pidFile: place.file('kept.pid') })
  const { pid } = await daemon.status()
  await until(() => content(place.file('kept.txt')) === `written by ${pid}\n`, 'what it writes')
  await stops(t, daemon)
})
