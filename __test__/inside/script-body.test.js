// How a script begins as a daemon: by which of Node's loaders, after what, and when it counts as evaluated.
import { chmodSync, cpSync, mkdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { closeGate, GATE, passGate } from '../helpers/gate.js'
import { fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const daemonOf = (place, options) =>
  new Daemon({ pidFile: place.file('a.pid'), cwd: place.path, execArgv: [], ...options })

/** A control program whose script's name is in its arguments; what the start came to is on stdout. */
const CONTROL = `import("DAIMON").then(async ({ Daemon }) => {
  const d = new Daemon({ pidFile: 'a.pid', script: process.argv[2] })
  const tell = ({ message, cause }) => message + cause
  console.log(await d.start().then(({ state }) => state, tell))
})`
const SEES = `
const { writeFileSync } = require('node:fs')
const main = require.main === module
writeFileSync('seen', JSON.stringify({ main, execArgv: process.execArgv, argv: process.argv.slice(1) }))
setInterval(() => {}, 1e6)
`

/** Starts what waits at a gate: the start is not over before that is open. */
async function startsAfterGate(t, place, options) {
  const env = { GATE, FOLDER: place.path, ...options.env }
  const daemon = daemonOf(place, { ...options, env })
  const starting = daemon.start()
  await Promise.race([passGate(t, place, daemon), starting])
  await starting
}

async function stops(t, place) {
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
}

for (const [name, manifest] of [
  ['a.mjs', undefined],
  ['a.js', '{ "type": "module" }'],
  ['detected.js', '{}'],
  ['extensionless', '{ "type": "module" }'],
]) {
  test.serial(`a top-level await is waited for, evaluated once: ${name} ${manifest ?? ''}`, async (t) => {
    const place = folder(t)
    if (manifest !== undefined) place.write('package.json', manifest)
    cpSync(fixture('inside/awaits.mjs'), place.file(name))
    await startsAfterGate(t, place, { script: place.file(name) })
    t.is(place.read('count'), 'xy')
    await stops(t, place)
  })
}

test.serial('a top-level await that fails fails the start, with its own error', async (t) => {
  const place = folder(t)
  const text = `import { turns } from ${JSON.stringify(GATE)}
    await turns()
    throw new TypeError('late')`
  const error = await t.throwsAsync(daemonOf(place, { script: place.write('a.mjs', text) }).start())
  t.like(error, { code: 'ERR_DAEMON_START_FAILED', exitCode: 1 })
  t.like(error.cause, { name: 'TypeError', message: 'late' })
})

test.serial('a module with run is waited for, top-level await and all', async (t) => {
  const place = folder(t)
  await startsAfterGate(t, place, { script: fixture('inside/awaits-with-run.mjs'), run() {} })
  t.is(place.read('count'), 'xy')
  await stops(t, place)
})

test.serial("a script of CommonJS has Node's own loader, and its hooks", async (t) => {
  const place = folder(t)
  place.write('hook.cjs', `require(${JSON.stringify(fixture('inside/foo-hook.cjs'))})`)
  place.write('control.cjs', CONTROL)
  place.write('server.foo', `TYPED ${SEES}`)
  const { stdout, stderr } = await place.node(['-r', './hook.cjs', 'control.cjs', 'server.foo'])
  t.deepEqual([stdout, stderr], ['running\n', ''])
  const seen = { main: true, execArgv: ['-r', place.file('hook.cjs')], argv: [place.file('server.foo')] }
  t.deepEqual(JSON.parse(place.read('seen')), seen)
  await stops(t, place)
})

test.serial(
  'a command that puts itself among the flags, as ts-node does, executes the script, too',
  async (t) => {
    const place = folder(t)
    const tool = fixture('inside/foo-node.cjs')
    place.write('control.foo', `TYPED ${CONTROL}`)
    place.write('server.foo', `TYPED ${SEES}`)
    const { stdout, stderr } = await place.node([tool, '-T', 'control.foo', 'server.foo'])
    t.deepEqual([stdout, stderr], ['running\n', ''])
    const seen = { main: true, execArgv: [tool, '-T'], argv: [place.file('server.foo')] }
    t.deepEqual(JSON.parse(place.read('seen')), seen)
    await stops(t, place)
  },
)

const PRELOAD_FLAGS = {
  '--require': (path) => ['--require', path],
  '--import': (path) => ['--import', pathToFileURL(path).href],
  '--import, and --require before it': (path) => ['-r', path, '--import', 'data:text/javascript,'],
}
for (const [name, flags] of Object.entries(PRELOAD_FLAGS)) {
  test.serial(`cwd is entered after the preloads and before the script's first line: ${name}`, async (t) => {
    const place = folder(t)
    mkdirSync(place.file('elsewhere'))
    place.write('hook.cjs', 'globalThis.preloadedIn = process.cwd()')
    const look = "process.getBuiltinModule('node:fs').writeFileSync('seen', globalThis.preloadedIn)"
    for (const script of ['a.cjs', 'a.mjs']) {
      const daemon = daemonOf(place, {
        script: place.write(script, `${look}; setInterval(() => {}, 1e6)`),
        cwd: place.file('elsewhere'),
        execArgv: flags(place.file('hook.cjs')),
      })
      await daemon.start()
      t.is(place.read('elsewhere/seen'), process.cwd())
      await daemon.stop()
    }
  })
}

test.serial("imports of the user's come first, from flags and from NODE_OPTIONS", async (t) => {
  const place = folder(t)
  const hook = pathToFileURL(fixture('inside/awaiting-hook.mjs')).href
  const script = place.write(
    'a.mjs',
    "if (!globalThis.hooked) throw new Error('too early')\nsetInterval(() => {}, 1e6)",
  )
  for (const options of [{ execArgv: ['--import', hook] }, { env: { NODE_OPTIONS: `--import=${hook}` } }]) {
    await startsAfterGate(t, place, { script, ...options })
    await stops(t, place)
    closeGate(place)
  }
})

/** Begins the main module itself, as some loaders of old do. */
const REPLACES = `const Module = require('node:module')
Module.runMain = (main) => Module._load(main ?? process.argv[1], null, true)`

test.serial(
  'a preload that replaces what begins the main module does not keep it from being ready',
  async (t) => {
    const place = folder(t)
    const script = place.write('a.cjs', 'setInterval(() => {}, 1e6)')
    const execArgv = ['-r', place.write('hook.cjs', REPLACES)]
    t.like(await daemonOf(place, { script, execArgv }).start(), { state: 'running' })
    await stops(t, place)
  },
)

needs('root', 'processor of its own')(
  'such a preload fails the start where rights were to be given up before',
  async (t) => {
    const place = folder(t)
    chmodSync(place.path, 0o755)
    const script = place.write('a.cjs', 'setInterval(() => {}, 1e6)')
    const execArgv = ['-r', place.write('hook.cjs', REPLACES)]
    t.like(await daemonOf(place, { script, user: 'nobody' }).start(), { state: 'running' })
    await stops(t, place)
    const error = await t.throwsAsync(daemonOf(place, { script, execArgv, user: 'nobody' }).start())
    t.is(error.code, 'ERR_DAEMON_START_FAILED')
    t.regex(error.cause.message, /rights were not given up/)
    t.deepEqual(place.processes(), [])
  },
)

for (const flags of [['--input-type=module'], ['--input-type', 'module']]) {
  test.serial(`a program from standard input starts a script: ${flags.join(' ')}`, async (t) => {
    const place = folder(t)
    place.write('server.cjs', SEES)
    place.write('control.mjs', CONTROL.replace('process.argv[2]', "'server.cjs'"))
    const program = place.spawn(flags)
    program.child.stdin.end(place.read('control.mjs'))
    const { stdout, stderr } = await program.done
    t.deepEqual([stdout, stderr], ['running\n', ''])
    t.deepEqual(JSON.parse(place.read('seen')).execArgv, [])
    await stops(t, place)
  })
}

const ABOUT_THE_LAUNCHER = [
  ...['-i', '--interactive', '--input-type', 'commonjs'],
  '--test',
  ...['--test-name-pattern', 'x', '--test-timeout=9', '--test_only', '--experimental-test-coverage'],
  ...['--watch-path', '.', '--watch', '--watch-preserve-output'],
]

test.serial(
  "flags of a test run and of watching are not the script's, unless it is given them",
  async (t) => {
    const place = folder(t)
    place.write('server.cjs', SEES)
    const flags = [...ABOUT_THE_LAUNCHER, '--no-warnings']
    place.write('control.cjs', `process.execArgv.push(...${JSON.stringify(flags)})\n${CONTROL}`)
    t.like(await place.node(['control.cjs', 'server.cjs']), { stdout: 'running\n', stderr: '' })
    t.deepEqual(JSON.parse(place.read('seen')).execArgv, ['--no-warnings'])
    await stops(t, place)
    const given = ['--test-name-pattern', 'x']
    await daemonOf(place, { script: place.file('server.cjs'), execArgv: given }).start()
    t.deepEqual(JSON.parse(place.read('seen')).execArgv, given)
    await stops(t, place)
  },
)
