// Programs that are one file with their runtime: what is executed again is the executable, with the same arguments.
import { chmodSync, cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { buildSea, bundle, program, withBinary } from '../helpers/executables.js'
import { content, folder, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** A folder with the executable `app` in it, of the fixture of all verbs. */
function sea(t, { format = 'cjs', ...settings } = {}) {
  const place = folder(t)
  withBinary(place.path)
  const main = bundle(t, place.write('verbs.mjs', program('verbs.mjs')), format)
  const formats = format === 'cjs' ? {} : { mainFormat: 'module' }
  buildSea(t, main, place.file('app'), { ...formats, ...settings })
  const run = (args, env) => place.command('./app', args, { env })
  const recorded = (name) => JSON.parse(place.read(`${name}.json`))
  return { ...place, run, recorded, daemon: new Daemon({ pidFile: place.file('a.pid') }) }
}

async function stops(t, { daemon, processes }) {
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.deepEqual(processes(), [])
}

/** The daemon was executed as its launcher was. */
function isSame(t, app, args) {
  const { args: _, ...launcher } = app.recorded('launcher')
  const { args: arrived, ...daemon } = app.recorded('daemon')
  t.deepEqual(daemon, launcher)
  t.is(daemon.argv[1], './app')
  t.deepEqual(arrived, args)
}

for (const format of ['cjs', 'esm']) {
  needs('esbuild', '--build-sea')(
    `an executable (${format}) becomes a daemon with the same arguments`,
    async (t) => {
      const app = sea(t, { format })
      for (const verb of ['daemonize', 'start', 'restart']) {
        t.like(await app.run([verb, 'one', '--two']), { code: 0, stderr: '' }, verb)
        isSame(t, app, ['one', '--two'])
        await stops(t, app)
      }
      t.like(await app.run(['daemonize', 'x'], { EXIT: 'false' }), { code: 0, stdout: 'running\n' })
      isSame(t, app, ['x'])
      await stops(t, app)
    },
  )
}

needs('esbuild', '--build-sea')("an executable's own command starts, restarts and stops it", async (t) => {
  const app = sea(t)
  t.like(await app.run(['cli', 'start']), { code: 0 })
  const first = await app.daemon.status()
  t.like(await app.run(['cli', 'restart']), { code: 0 })
  isSame(t, app, [])
  t.not((await app.daemon.status()).pid, first.pid)
  t.like(await app.run(['cli', 'stop']), { code: 0 })
  t.deepEqual(app.processes(), [])
})

needs('esbuild', '--build-sea')(
  'flags that are built in, or given where that is allowed, are the same',
  async (t) => {
    const app = sea(t, { execArgv: ['--no-warnings'], execArgvExtension: 'cli' })
    const args = ['start', 'one', '--node-options=--max-old-space-size=300 --inspect=0', 'two']
    t.like(await app.run(args), { code: 0, stdout: 'running\n' })
    t.deepEqual(app.recorded('launcher').execArgv, [
      '--no-warnings',
      '--max-old-space-size=300',
      '--inspect=0',
    ])
    const { argv, execArgv } = app.recorded('daemon')
    t.deepEqual(argv.slice(1), ['./app', 'start', 'one', 'two'])
    t.deepEqual(execArgv, ['--no-warnings', '--max-old-space-size=300'])
    t.notRegex(app.read('a.log'), /Debugger/)
    await stops(t, app)
    const other = sea(t, { execArgv: ['--no-warnings'] })
    // To this one it is an argument as any other.
    t.like(await other.run(['start', '--node-options=--no-warnings']), { code: 0, stdout: 'running\n' })
    isSame(t, other, ['--node-options=--no-warnings'])
    await stops(t, other)
  },
)

needs('esbuild', '--build-sea')(
  'an executable runs scripts by the Node.js that it is given, or not at all',
  async (t) => {
    const app = sea(t)
    const script = app.write('idle.mjs', 'console.log(process.argv.length); setInterval(() => {}, 1e6)')
    const run = (verb, options) => app.run([verb], { OPTIONS: JSON.stringify({ script, ...options }) })
    for (const verb of ['start', 'restart', 'foreground']) {
      const feature = verb === 'foreground' ? verb : 'script'
      t.like(await run(verb), { code: 1, stdout: `ERR_DAEMON_UNSUPPORTED ${feature}\n` }, verb)
      t.false(existsSync(app.file('a.pid')))
    }
    const { execPath } = process
    t.like(await run('start', { execPath }), { code: 1, stdout: 'ERR_DAEMON_UNSUPPORTED script\n' })
    for (const name of ['preload.cjs', 'index.js']) cpSync(join(ROOT, 'dist', name), app.file(name))
    t.like(await run('start', { execPath }), { code: 0, stdout: 'running\n' })
    t.is(app.read('a.log'), '2\n')
    await stops(t, app)
  },
)

needs('esbuild', '--build-sea')('an executable in the foreground, and one whose body fails', async (t) => {
  const app = sea(t)
  const started = app.spawnCommand('./app', ['foreground', 'x'])
  await until(() => content(app.file('a.log')) === 'daemon\n', 'it serves')
  isSame(t, app, ['x'])
  started.child.kill('SIGTERM')
  t.like(await started.done, { code: 0, stderr: '' })
  mkdirSync(app.file('elsewhere/daemon.json'), { recursive: true })
  const failed = await app.run(['start'], { OPTIONS: JSON.stringify({ cwd: 'elsewhere' }) })
  t.like(failed, { code: 1, stdout: 'ERR_DAEMON_START_FAILED undefined\n' })
  t.regex(failed.stderr, /EISDIR/)
  t.deepEqual(app.processes(), [])
})

/**
 * What stands for an executable of these tools: it runs the program with the arguments that it is given, which is what
 * their own executables do.
 */
function stub(t, mark) {
  const place = folder(t)
  withBinary(place.path)
  const main = bundle(t, place.write('verbs.mjs', program('verbs.mjs')))
  const before = place.write('mark.cjs', `process.execPath = '${place.file('app')}'\n${mark}`)
  place.write('app', `#!/bin/sh\nexec '${process.execPath}' --require '${before}' '${main}' "$@"\n`)
  chmodSync(place.file('app'), 0o755)
  return place
}

for (const [tool, mark] of Object.entries({
  pkg: 'process.pkg = {}',
  nexe: 'process.__nexe = {}',
})) {
  needs('esbuild')(`an executable of ${tool} is executed again with its arguments alone`, async (t) => {
    const place = stub(t, mark)
    for (const verb of ['daemonize', 'start']) {
      t.like(await place.command('./app', [verb, 'one']), { code: 0, stderr: '' })
      const [launcher, daemon] = ['launcher', 'daemon'].map((name) => JSON.parse(place.read(`${name}.json`)))
      t.deepEqual(daemon, launcher)
      t.deepEqual(daemon.args, ['one'])
      if (verb === 'start') {
        await new Daemon({ pidFile: place.file('a.pid') }).signal('SIGUSR2')
        const refused = await until(() => content(place.file('restart.json')) || undefined, 'the answer')
        t.deepEqual(JSON.parse(refused), { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'restart' })
      }
      t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
    }
  })
}

for (const [tool, feature, mark] of [
  ['deno compile', 'deno compile', 'globalThis.Deno = { build: { standalone: true } }'],
  [
    'Electron',
    'Electron',
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, electron: '40' } })
    process.type = 'browser'`,
  ],
]) {
  needs('esbuild')(`a program of ${tool} is refused at once`, async (t) => {
    const place = stub(t, mark)
    for (const verb of ['daemonize', 'start', 'restart']) {
      const { code, stdout, stderr } = await place.command('./app', [verb])
      t.deepEqual([code, stdout], [1, `ERR_DAEMON_UNSUPPORTED ${feature}\n`])
      t.regex(stderr, /Give the daemon's module as 'script'/)
      t.false(existsSync(place.file('a.pid')))
    }
  })
}

test.serial('a script is run by the Node.js in Electron', async (t) => {
  const place = folder(t)
  const before = `Object.defineProperty(process, 'versions', { value: { ...process.versions, electron: '40' } })`
  const script = place.write(
    'a.mjs',
    'console.log(process.env.ELECTRON_RUN_AS_NODE); setInterval(() => {}, 1e6)',
  )
  for (const type of ["process.type = 'browser'", '']) {
    place.write('before.cjs', `${before}\n${type}`)
    const main = place.write(
      'main.mjs',
      `import { Daemon } from "DAIMON"
       await new Daemon({ pidFile: 'a.pid', log: 'a.log', script: ${JSON.stringify(script)}, execArgv: [] }).start()`,
    )
    t.like(await place.node(['--require', './before.cjs', main]), { code: 0, stderr: '' })
    await new Daemon({ pidFile: place.file('a.pid') }).stop()
  }
  t.is(place.read('a.log'), '1\n1\n')
})

needs('esbuild')('what begins from a startup snapshot starts nothing', async (t) => {
  const place = folder(t)
  withBinary(place.path)
  const main = bundle(t, place.write('snapshot.mjs', program('snapshot.mjs')))
  const blob = place.file('blob')
  t.like(await place.node(['--snapshot-blob', blob, '--build-snapshot', main]), { code: 0 })
  for (const SCRIPT of ['', place.write('idle.mjs', 'setInterval(() => {}, 1e6)')]) {
    for (const WAY of ['daemonize', 'start', 'restart', 'foreground']) {
      const { stdout, stderr } = await place.node(['--snapshot-blob', blob, 'x'], { env: { SCRIPT, WAY } })
      t.is(stdout, 'ERR_DAEMON_UNSUPPORTED startup snapshot\n', stderr)
      t.false(existsSync(place.file('a.pid')))
    }
  }
})
