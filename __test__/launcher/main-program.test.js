// Which program is executed again, where argv[1] does not simply say it.
import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { closeGate, GATE, passGate } from '../helpers/gate.js'
import { folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const BODY = `writeFileSync('daemon.json', JSON.stringify([process.argv.slice(2), process.execArgv]))
setInterval(() => {}, 1e6)`
const DAEMONIZE = `await daemonize({ pidFile: 'a.pid', readyTimeout: 20_000 })\n${BODY}`
const IMPORTS = `import { writeFileSync } from 'node:fs'; import { daemonize } from "DAIMON"
import { gate } from ${JSON.stringify(GATE)}\n`

/** It becomes a daemon with these arguments, and nothing is left of that when it is stopped. */
async function becomesDaemon(t, place, args, meanwhile = async () => {}) {
  const given = ['one', '--two']
  const launcher = place.spawn([...args, ...given])
  await meanwhile()
  const { code, stderr } = await launcher.done
  t.is(code, 0, stderr)
  t.deepEqual(JSON.parse(place.read('daemon.json'))[0], given)
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
  await until(() => place.processes().length === 0, 'nothing is left')
}

needs('/proc')(
  'a program that has put its own name into argv[1] before it imports the package',
  async (t) => {
    const place = folder(t)
    place.write('name.mjs', "process.argv[1] = 'nice'")
    await becomesDaemon(t, place, [place.write('a.mjs', `import './name.mjs'\n${IMPORTS}${DAEMONIZE}`)])
    const cjs = `process.argv[1] = '/usr/bin/nice name'
    import("DAIMON").then(async ({ daemonize }) => {
      await daemonize({ pidFile: 'a.pid', ready: 'running' })
      require('node:fs').writeFileSync('daemon.json', JSON.stringify([process.argv.slice(2)]))
      setInterval(() => {}, 1e6)
    })`
    await becomesDaemon(t, place, ['--no-warnings', place.write('a.cjs', cjs)])
  },
)

test.serial('another module in argv[1] is not evaluated for the sake of readiness', async (t) => {
  const place = folder(t)
  const other = place.write(
    'other.mjs',
    "import { writeFileSync } from 'node:fs'; writeFileSync('evaluated', '')",
  )
  const text = `${IMPORTS}process.argv[1] = ${JSON.stringify(other)}
    await daemonize({ pidFile: 'a.pid' })
    await gate()
    ${BODY}`
  const late = () => passGate(t, place, new Daemon({ pidFile: place.file('a.pid') }))
  await becomesDaemon(t, place, [place.write('a.mjs', text)], late)
  t.false(existsSync(place.file('evaluated')))
  // In the foreground too.
  closeGate(place)
  const foreground = place.spawn([place.write('b.mjs', text.replace("'a.pid'", "'b.pid', detach: false"))])
  const daemon = new Daemon({ pidFile: place.file('b.pid') })
  await passGate(t, place, daemon)
  await until(async () => {
    const found = await daemon.status()
    return found.state === 'running' && found.starting !== true
  }, 'it is ready')
  t.false(existsSync(place.file('evaluated')))
  await daemon.stop()
  t.like(await foreground.done, { code: 0 })
})

needs('--entry-url')('a program by its URL is ready when it has been evaluated, once', async (t) => {
  const place = folder(t)
  const text = `${IMPORTS}await daemonize({ pidFile: 'a.pid' })
    await gate()
    writeFileSync('evaluated', import.meta.url.split('?')[1], { flag: 'wx' })
    ${BODY}`
  place.write('a.mjs', text)
  const late = (of) => () => passGate(t, of, new Daemon({ pidFile: of.file('a.pid') }))
  await becomesDaemon(t, place, ['--entry-url', './a.mjs?x=1#y'], late(place))
  t.is(place.read('evaluated'), 'x=1#y')
  const other = folder(t)
  const url = new URL(`file://${other.write('a.mjs', text)}?z`).href
  await becomesDaemon(t, other, ['--entry-url', url], late(other))
  t.is(other.read('evaluated'), 'z')
})

test.serial('code on the command line keeps its arguments', async (t) => {
  const place = folder(t)
  const code = `import("DAIMON").then(async ({ daemonize }) => {
    await daemonize({ pidFile: 'a.pid' })
    require('node:fs').writeFileSync('daemon.json', JSON.stringify([process.argv.slice(1)]))
    setInterval(() => {}, 1e6)
  })`
  const text = place.read(place.write('code.txt', code).slice(place.path.length + 1))
  await becomesDaemon(t, place, ['-e', text, '--'])
})
