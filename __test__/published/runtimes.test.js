// The published packages under Bun and Deno, installed by npm.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { toolFile } from '../../scripts/release/tools.js'
import { content, until } from '../helpers/index.js'
import { project, serves } from '../helpers/installed.js'

/** The binary that a runtime's own package for this platform brings; its install script is not run. */
const binaryIn = (scope, name, path) => {
  const [found] = readdirSync(toolFile(scope)).filter((entry) => entry.startsWith(name))
  return toolFile(scope, join(found, path))
}

const RUNTIMES = {
  bun: { binary: () => binaryIn('@oven', 'bun-', 'bin/bun'), flags: [] },
  deno: { binary: () => binaryIn('@deno', process.platform, 'deno'), flags: ['run', '--allow-all'] },
}

/** A project in which `run` runs a program by that runtime. */
async function withRuntime(t, { binary, flags }) {
  const app = await project(t)
  await app.manager('npm', 'install', 'daimon', '--no-audit', '--no-fund')
  const env = { ...app.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' }
  const run = (...args) => app.command(binary(), [...flags, ...args], { env })
  return { ...app, run }
}

const CONTROL = `
import { Daemon } from 'daimon'
const [verb, ...args] = process.argv.slice(2)
const daemon = new Daemon({ pidFile: 'a.pid', log: 'a.log', SETTINGS })
try {
  console.log(JSON.stringify(await daemon[verb](...args)))
} catch ({ code, cause, exitCode, feature }) {
  console.log(JSON.stringify({ code, cause: cause?.message, exitCode, feature }))
}
`

const BODY = `run: async (daemon, ...args) => {
  console.log('args', ...args)
  daemon.signals.set('SIGUSR2', (name) => console.log('came', name))
  daemon.on('reload', () => console.log('reloaded'))
  daemon.onStop(({ by, signal }) => console.log('stopping', by, signal))
  setInterval(() => {}, 1e6)
}`

for (const [name, runtime] of Object.entries(RUNTIMES)) {
  test(`${name}: README's example serves and is stopped`, async (t) => {
    const app = await withRuntime(t, runtime)
    const bin = app.file('node_modules/daimon/dist/bin.js')
    await serves(t, app, { start: (file) => app.node(file), daimon: (...args) => app.node(bin, ...args) })
  })

  test(`${name}: a body gets its arguments, its signals, and the time to stop`, async (t) => {
    const app = await withRuntime(t, runtime)
    app.write('main.mjs', CONTROL.replace('SETTINGS', BODY))
    const ask = async (...args) => {
      const { stdout, stderr } = await app.node('main.mjs', ...args)
      t.is(stderr, '')
      return JSON.parse(stdout || 'null')
    }
    const log = () => content(app.file('a.log')) ?? ''
    const { pid, state } = await ask('start', 'one', 'two')
    t.is(state, 'running')
    t.like(await ask('status'), { pid, state })
    t.like(await ask('start'), { code: 'ERR_DAEMON_ALREADY_RUNNING' })
    process.kill(pid, 'SIGUSR2')
    await until(() => log().includes('came SIGUSR2\n'), 'its own signal')
    process.kill(pid, 'SIGHUP')
    await until(() => log().includes('reloaded\n'), 'the reload')
    const again = await ask('restart', 'three')
    t.not(again.pid, pid)
    t.like(await ask('stop'), { wasRunning: true, forced: false })
    t.like(await ask('status'), { state: 'stopped', stale: false })
    const lines = log().trimEnd().split('\n')
    const end = 'stopping signal SIGTERM'
    t.deepEqual(lines, ['args one two', 'came SIGUSR2', 'reloaded', end, 'args three', end])
    t.deepEqual(app.processes(), [])
  })

  test(`${name}: a script becomes a daemon`, async (t) => {
    const app = await withRuntime(t, runtime)
    app.write('idle.mjs', 'console.log(process.argv.slice(2)); setInterval(() => {}, 1e6)')
    app.write('main.mjs', CONTROL.replace('SETTINGS', "script: 'idle.mjs', scriptArgs: ['-x', 'y']"))
    const { stdout, stderr } = await app.node('main.mjs', 'start')
    t.is(JSON.parse(stdout).state, 'running', stderr)
    t.regex(content(app.file('a.log')), /"-x", "y"|'-x', 'y'/)
    t.true(JSON.parse((await app.node('main.mjs', 'stop')).stdout).wasRunning)
    t.deepEqual(app.processes(), [])
  })

  for (const [what, body] of Object.entries({
    throws: "() => { throw new RangeError('no way') }",
    rejects: "async () => { throw new RangeError('no way') }",
    'fails later': "() => new Promise(() => void setTimeout(() => { throw new RangeError('no way') }, 1))",
    'forgets a rejection': "() => new Promise(() => void Promise.reject(new RangeError('no way')))",
  })) {
    test(`${name}: a body that ${what} fails its start with its own error`, async (t) => {
      const app = await withRuntime(t, runtime)
      app.write('main.mjs', CONTROL.replace('SETTINGS', `run: ${body}`))
      const { stdout } = await app.node('main.mjs', 'start')
      t.deepEqual(JSON.parse(stdout), { code: 'ERR_DAEMON_START_FAILED', cause: 'no way', exitCode: 1 })
      t.deepEqual(app.processes(), [])
    })
  }

  test(`${name}: in the foreground`, async (t) => {
    const app = await withRuntime(t, runtime)
    const text = `
      import { Daemon } from 'daimon'
      const daemon = await new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) }).foreground()
      daemon.onStop(() => console.log('stopping'))
      console.log('serves', daemon.detached)
    `
    app.write('main.mjs', text)
    const { binary, flags } = runtime
    const env = { ...app.env, NO_COLOR: '1' }
    const started = app.spawnCommand(binary(), [...flags, 'main.mjs'], { env })
    await until(() => started.output().stdout.includes('serves false\n'), 'it serves')
    started.child.kill('SIGINT')
    const { code, stdout } = await started.done
    t.is(code, 0)
    t.is(stdout, 'serves false\nstopping\n')
  })
}
