import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, DAIMON, fixture, folder, freePort, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** Writes down each evaluation, then lives. */
const COUNTS = "appendFileSync('count', 'x'); setInterval(() => {}, 1e6)"
const ESM = `import { appendFileSync } from 'node:fs'; ${COUNTS}`
const CJS = `const { appendFileSync } = require('node:fs')
if (require.main !== module) throw new Error('not main')
${COUNTS}`

async function startsOnce(t, place, options) {
  const daemon = new Daemon({ pidFile: place.file('a.pid'), cwd: place.path, ...options })
  t.like(await daemon.start(), { state: 'running' })
  t.is(place.read('count'), 'x')
  t.like(await daemon.stop(), { forced: false, wasRunning: true })
}

test.serial('an ES module and a CommonJS script are evaluated once, as main', async (t) => {
  for (const [name, text] of [
    ['a.mjs', ESM],
    ['a.cjs', CJS],
    ['a.js', CJS],
  ]) {
    const place = folder(t)
    await startsOnce(t, place, { script: place.write(name, text) })
  }
})

needs('links')('a script reached by a link, and under a path with spaces and other letters', async (t) => {
  const place = folder(t)
  const odd = place.write('ein Ordner/naïve — ☃ #%.mjs', ESM)
  symlinkSync(odd, place.file('link.mjs'))
  await startsOnce(t, place, { script: place.file('link.mjs') })
  const other = folder(t)
  await startsOnce(t, other, { script: other.write('ein Ordner/naïve — ☃ #%.mjs', ESM) })
})

const DAEMONIZE = `import { appendFileSync } from 'node:fs'
import { daemonize } from "DAIMON"
const daemon = await daemonize({ pidFile: 'a.pid' } as { pidFile: string })
${COUNTS}`

async function becomesDaemon(t, place, args, options) {
  t.like(await place.node(args, options), { code: 0, stderr: '' })
  t.is(place.read('count'), 'x')
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
}

needs('esbuild')('TypeScript through tsx, by its command and by --import', async (t) => {
  const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs')
  const place = folder(t)
  await becomesDaemon(t, place, [tsx, place.write('a.mts', DAEMONIZE)])
  const other = folder(t)
  mkdirSync(other.file('node_modules'))
  symlinkSync(join(ROOT, 'node_modules/tsx'), other.file('node_modules/tsx'))
  await becomesDaemon(t, other, ['--import', 'tsx', other.write('a.mts', DAEMONIZE)])
})

needs('type stripping')("TypeScript through Node's own type stripping", async (t) => {
  const place = folder(t)
  await becomesDaemon(t, place, [place.write('a.mts', DAEMONIZE)])
})

test.serial('preloads by relative names, in flags and in NODE_OPTIONS, with another cwd', async (t) => {
  const place = folder(t)
  place.write('one.mjs', "globalThis.one = import.meta.url.includes('one')")
  place.write('pre loads/two.cjs', 'globalThis.two = true')
  mkdirSync(place.file('elsewhere'))
  const program = fixture('launcher/preloaded.mjs')
  await becomesDaemon(t, place, ['--import', './one.mjs', program], {
    env: { NODE_OPTIONS: '--require "./pre loads/two.cjs"' },
  })
})

test.serial('cluster, workers and forked children inside the daemon are no daemons', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const CHILD = place.write(
    'child.mjs',
    'import { Daemon } from "DAIMON"; process.send([Daemon.current === undefined, process.execArgv])',
  )
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    script: fixture('launcher/cluster.mjs'),
    cwd: place.path,
    env: { PORT: String(port), DAIMON, CHILD },
  })
  const { pid } = await daemon.start()
  t.deepEqual(JSON.parse(place.read('seen')), [[true, process.execArgv], 0, true])
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'true')
  t.like(await daemon.status(), { state: 'running', pid })
  await daemon.stop()
  await until(() => place.processes().length === 0, 'the end of the cluster')
})

test.serial('a worker of the daemon that asks for its status does not take the proof away', async (t) => {
  const place = folder(t)
  const script = fixture('launcher/asking-worker.mjs')
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path })
  const { pid } = await daemon.start()
  t.deepEqual(JSON.parse(place.read('seen')), ['running', pid, 'ERR_DAEMON_ALREADY_RUNNING'])
  t.like(await daemon.status(), { state: 'running', pid })
})

test.serial('a daemon starts another daemon, which outlives it', async (t) => {
  const place = folder(t)
  const inner = place.write('inner.mjs', 'setInterval(() => {}, 1e6)')
  const script = place.write(
    'outer.mjs',
    `import { Daemon } from "DAIMON"
     await new Daemon({ pidFile: 'inner.pid', script: ${JSON.stringify(inner)} }).start()
     setInterval(() => {}, 1e6)`,
  )
  const outer = new Daemon({ pidFile: place.file('outer.pid'), script, cwd: place.path })
  await outer.start()
  await outer.stop()
  const found = await new Daemon({ pidFile: place.file('inner.pid') }).status()
  t.is(found.state, 'running')
  t.true(alive(found.pid))
})

test.serial('a script that yields to its own listener for SIGTERM', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.cjs',
    `process.on('SIGTERM', () => { require('node:fs').writeFileSync('own', ''); process.exit(3) })
     setInterval(() => {}, 1e6)`,
  )
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path })
  await daemon.start()
  t.like(await daemon.stop(), { forced: false })
  t.true(existsSync(place.file('own')))
})

test.serial('a script that calls daemonize() for the same pidfile gets its context', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { writeFileSync } from 'node:fs'
     import { daemonize } from "DAIMON"
     const daemon = await daemonize({ pidFile: 'a.pid' })
     daemon.onStop(({ by }) => writeFileSync('stopped', by))
     setInterval(() => {}, 1e6)`,
  )
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path })
  await daemon.start()
  await daemon.stop()
  t.is(place.read('stopped'), 'signal')
})
