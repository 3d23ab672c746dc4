// The published packages under Bun and Deno, installed by npm.
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { toolFile } from '../../scripts/release/tools.js'
import { bundle, program } from '../helpers/executables.js'
import { content, fixture, until } from '../helpers/index.js'
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
  return { ...app, node: run, run }
}

/** A project with a program that calls verbs of a Daemon with these settings, or with those of a fixture. */
async function withControl(t, runtime, settings) {
  const app = await withRuntime(t, runtime)
  cpSync(fixture('published/control.mjs'), app.file('main.mjs'))
  if (settings === undefined) cpSync(fixture('published/tells.mjs'), app.file('settings.mjs'))
  else app.write('settings.mjs', `export const settings = { ${settings} }`)
  return app
}

/** How a daemon ends, by SIGUSR2, and its exit code. */
const ENDINGS = {
  'process.exit()': ['process.exit(3)', 3],
  'a natural end': ['clearInterval(timer)', 0],
  'a natural end with a code': ['process.exitCode = 5; clearInterval(timer)', 5],
  'an uncaught error': ["throw new Error('uncaught')", 1],
  'an uncaught error with a hook': ["daemon.onStop(() => {}); throw new Error('uncaught')", 1],
  'a rejection': ["void Promise.reject(new Error('rejected'))", 1],
  'context.stop()': ['void daemon.stop(4)', 4],
  'a signal': ["process.kill(process.pid, 'SIGTERM')", 0],
  'another exit in an exit listener': ["process.on('exit', () => process.exit(6)); process.exit(2)", 6],
}

for (const [name, runtime] of Object.entries(RUNTIMES)) {
  test(`${name}: README's example serves and is stopped`, async (t) => {
    const app = await withRuntime(t, runtime)
    const bin = app.file('node_modules/daimon/dist/bin.js')
    await serves(t, app, { start: (file) => app.node(file), daimon: (...args) => app.node(bin, ...args) })
  })

  test(`${name}: a body gets its arguments, its signals, and the time to stop`, async (t) => {
    const app = await withControl(t, runtime)
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

  test(`${name}: a daemon has itself replaced`, async (t) => {
    const app = await withControl(t, runtime)
    const { stdout, stderr } = await app.node('main.mjs', 'start', 'first')
    const { pid } = JSON.parse(stdout)
    t.is(stderr, '')
    process.kill(pid, 'SIGUSR2')
    await until(() => (content(app.file('a.log')) ?? '').includes('args again\n'), 'the next one')
    await until(() => app.processes().length === 1, 'the end of the helper')
    t.not(JSON.parse((await app.node('main.mjs', 'status')).stdout).pid, pid)
    t.true(JSON.parse((await app.node('main.mjs', 'stop')).stdout).wasRunning)
    const end = 'stopping signal SIGTERM'
    t.deepEqual(content(app.file('a.log')).trimEnd().split('\n'), ['args first', end, 'args again', end])
    t.deepEqual(app.processes(), [])
  })

  test(`${name}: a script becomes a daemon`, async (t) => {
    const app = await withControl(t, runtime, "script: 'idle.mjs', scriptArgs: ['-x', 'y']")
    app.write('idle.mjs', 'console.log(process.argv.slice(2)); setInterval(() => {}, 1e6)')
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
      const app = await withControl(t, runtime, `run: ${body}`)
      const { stdout } = await app.node('main.mjs', 'start')
      t.deepEqual(JSON.parse(stdout), { code: 'ERR_DAEMON_START_FAILED', cause: 'no way', exitCode: 1 })
      t.deepEqual(app.processes(), [])
    })
  }

  test(`${name}: the pidfile goes, last of all, however the daemon ends`, async (t) => {
    const app = await withRuntime(t, runtime)
    cpSync(fixture('published/ends.mjs'), app.file('main.mjs'))
    const { binary, flags } = runtime
    for (const [title, [ending, code]] of Object.entries(ENDINGS)) {
      app.write('ending.mjs', `export const end = (daemon, timer) => { ${ending} }`)
      const started = app.spawnCommand(binary(), [...flags, 'main.mjs'], {
        env: { ...app.env, NO_COLOR: '1' },
      })
      await until(() => started.output().stdout.includes('begun\n'), 'it serves')
      started.child.kill('SIGUSR2')
      const ended = await started.done
      t.deepEqual([ended.code, content(app.file('a.pid'))], [code, undefined], `${title}: ${ended.stderr}`)
      t.notRegex(ended.stdout, /there false/, title)
    }
  })

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

/** A project with the fixture of all verbs, and what tells whether its daemon was executed as its launcher was. */
async function withVerbs(t, runtime) {
  const app = await withRuntime(t, runtime)
  app.write('verbs.mjs', program('verbs.mjs', 'daimon'))
  const recorded = (name) => JSON.parse(app.read(`${name}.json`))
  const isSame = async (...args) => {
    t.deepEqual(recorded('daemon'), { ...recorded('launcher'), args })
    t.true(
      JSON.parse(
        (await app.node('node_modules/daimon/dist/bin.js', 'stop', '--pid-file', 'a.pid', '--json')).stdout,
      ).wasRunning,
    )
    t.deepEqual(app.processes(), [])
  }
  return { ...app, isSame }
}

test('bun: a compiled program becomes a daemon with the same arguments', async (t) => {
  const app = await withVerbs(t, RUNTIMES.bun)
  const env = { ...app.env, NO_COLOR: '1' }
  const compile = [
    'build',
    '--compile',
    bundle(t, app.file('verbs.mjs'), 'esm'),
    '--outfile',
    app.file('app'),
  ]
  t.is((await app.command(RUNTIMES.bun.binary(), compile, { env })).code, 0)
  // Where the modules of such a program are, no package is found.
  const host = `linux-${process.arch}-gnu`
  cpSync(app.file(`node_modules/daimon-${host}/daimon.${host}.node`), app.file(`daimon.${host}.node`))
  for (const verb of ['daemonize', 'start', 'restart']) {
    t.like(await app.command('./app', [verb, 'one'], { env }), { code: 0, stderr: '' })
    await app.isSame('one')
  }
  const OPTIONS = JSON.stringify({ script: 'idle.mjs' })
  app.write('idle.mjs', '')
  const refused = await app.command('./app', ['start'], { env: { ...env, OPTIONS } })
  t.is(refused.stdout, 'ERR_DAEMON_UNSUPPORTED script\n')
})

test('bun: code on its command line becomes a daemon with the same arguments', async (t) => {
  const app = await withVerbs(t, RUNTIMES.bun)
  const code = app.read('verbs.mjs').replaceAll('slice(2)', 'slice(1)')
  for (const between of [[], ['--']]) {
    t.like(await app.run('-e', code, ...between, 'start', 'one'), { code: 0, stderr: '' })
    const [launcher, daemon] = ['launcher', 'daemon'].map((name) => JSON.parse(app.read(`${name}.json`)))
    t.deepEqual(daemon.argv, launcher.argv)
    t.true((await app.node('node_modules/daimon/dist/bin.js', 'stop', '--pid-file', 'a.pid')).code === 0)
  }
})

test('deno: code that has no file is refused at once', async (t) => {
  const app = await withVerbs(t, RUNTIMES.deno)
  const { env, command } = app
  const options = { env: { ...env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' } }
  const code = `process.argv.splice(2, 0, 'daemonize')\n${app.read('verbs.mjs')}`
  const { stdout, stderr } = await command(RUNTIMES.deno.binary(), ['eval', code], options)
  t.is(stdout, 'ERR_DAEMON_INVALID_OPTION script\n', stderr)
})
