// A link that leads to another release by the time of an upgrade, or of a respawn.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { install } from '../helpers/copies.js'
import { alive, freePort, kill, until } from '../helpers/index.js'
import { get } from '../helpers/keeper.js'

/** The two ways in which programs name their script, each in a folder of a release. */
const SCRIPTS = { relative: `'server.mjs'`, 'beside the program': `new URL('server.mjs', import.meta.url)` }

const control = (script) => `
  import { Daemon } from 'daimon'
  const [verb, port] = process.argv.slice(2)
  const pidFile = process.env.PIDFILE
  const daemon = new Daemon({ pidFile, script: ${script}, scriptArgs: [port], log: pidFile + '.log', respawn: true })
  await daemon[verb]().then(
    ({ bodies }) => console.log(JSON.stringify(bodies ?? null)),
    ({ code, message, exitCode }) => console.log(JSON.stringify({ code, message, exitCode })),
  )`

const server = (release) => `
  import { createServer } from 'node:http'
  createServer((_, response) => response.end(process.pid + ' ${release} ' + process.cwd() + ' ' + process.execArgv))
    .listen(Number(process.argv[2]), '127.0.0.1')
  await new Promise(setImmediate)`

/** A folder with releases, of which `current` leads to the first. */
function releases(t, script) {
  const place = install(t)
  place.rename('node_modules', 'stock')
  const add = (name, hasDaimon = true) => {
    mkdirSync(place.file(`releases/${name}`), { recursive: true })
    place.write(`releases/${name}/server.mjs`, server(name))
    place.write(`releases/${name}/control.mjs`, control(script))
    const modules = place.file(`releases/${name}/node_modules`)
    if (hasDaimon) cpSync(place.file('stock'), modules, { recursive: true })
  }
  const lead = (name) => {
    symlinkSync(`releases/${name}`, place.file('next'))
    renameSync(place.file('next'), place.file('current'))
  }
  const run = (...args) => {
    const cwd = place.file('current')
    const env = { ...process.env, PWD: cwd, PIDFILE: place.file('a.pid') }
    const { stdout, stderr } = spawnSync(process.execPath, ['control.mjs', ...args], {
      cwd,
      env,
      encoding: 'utf8',
    })
    return stdout === '' ? t.fail(stderr) : JSON.parse(stdout)
  }
  const remove = (name) => rmSync(place.file(`releases/${name}`), { recursive: true })
  add('one')
  lead('one')
  return { place, add, lead, run, remove }
}

for (const [name, script] of Object.entries(SCRIPTS)) {
  test.serial(`a script ${name} is the present release's`, async (t) => {
    const { place, add, lead, run, remove } = releases(t, script)
    const port = await freePort()
    const ask = async () => (await get({ port })).split(' ')
    const started = run('start', String(port))
    t.is(started?.code, undefined, started?.message)
    const [first, release, , flags] = await ask()
    t.deepEqual([release, flags], ['one', ''])
    add('two')
    lead('two')
    remove('one')
    const [body] = run('upgrade', String(port))
    t.is(body.code, undefined, body.message)
    const [second, next, folder] = await ask()
    t.deepEqual([next, folder], ['two', place.file('releases/two')])
    await until(() => !alive(Number(first)))
    add('three')
    lead('three')
    remove('two')
    kill(Number(second))
    t.is((await ask())[1], 'three')
    add('four', false)
    lead('four')
    remove('three')
    const daemon = new Daemon({ pidFile: place.file('a.pid') })
    const error = await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_START_FAILED' })
    t.true(error.message.includes(place.file('current/node_modules/daimon/dist/preload.cjs')), error.message)
    t.is((await ask())[1], 'three')
    await daemon.stop()
  })
}
