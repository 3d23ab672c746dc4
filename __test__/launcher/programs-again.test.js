import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { DAIMON, folder, ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

// A program that is executed again writes a line in each process: the evaluation's number, and what Node tells it.
const LOOK = `{
  seen: globalThis.seen = (globalThis.seen ?? 0) + 1,
  argv: process.argv,
  execArgv: process.execArgv,
  preloaded: globalThis.preloaded,
}`
const ESM = `
import { appendFileSync } from 'node:fs'
import { Daemon, daemonize } from "DAIMON"
appendFileSync('lines', JSON.stringify({ daemon: Daemon.current !== undefined, ...${LOOK} }) + '\\n')
await daemonize({ pidFile: 'a.pid' })
setInterval(() => {}, 1e6)
`
const CJS = `
const { appendFileSync } = require('node:fs')
const state = Reflect.get(globalThis, Symbol.for('daimon.adopted'))
const main = require.main === module
appendFileSync('lines', JSON.stringify({ daemon: state !== undefined, main, ...${LOOK} }) + '\\n')
import("DAIMON").then(async ({ daemonize }) => { await daemonize({ pidFile: 'a.pid' }); setInterval(() => {}, 1e6) })
`
const REQUIRES = CJS.replace(
  /import\("DAIMON"\)\.then\(/,
  'Promise.resolve(require(new URL("DAIMON").pathname)).then(',
)

const tsx = join(ROOT, 'node_modules/.bin/tsx')

function withTsx(place) {
  mkdirSync(place.file('node_modules'))
  symlinkSync(join(ROOT, 'node_modules/tsx'), place.file('node_modules/tsx'))
}

/** How the program is written, and run: Node's arguments, or the command with its own. */
const PROGRAMS = {
  'an ES module': ({ write }) => [write('a.mjs', ESM)],
  'a CommonJS program that imports daimon': ({ write }) => [write('a.cjs', CJS)],
  'a CommonJS program that requires daimon': ({ write }) => [write('a.cjs', REQUIRES)],
  'a program without an ending': ({ write }) => {
    write('a.js', CJS)
    return ['a']
  },
  'a folder with an index.js': ({ write }) => {
    write('a/index.js', CJS)
    return ['./a']
  },
  'an ES module reached by a link': ({ file, write }) => {
    symlinkSync(write('real/a.mjs', ESM), file('link'))
    return ['link']
  },
  'a CommonJS program reached by a link': ({ file, write }) => {
    symlinkSync(write('real/a.cjs', CJS), file('link'))
    return ['link']
  },
  'a linked folder': ({ file, write }) => {
    write('real/a.mjs', ESM)
    symlinkSync('real', file('folder'))
    return ['folder/a.mjs']
  },
  'a path with spaces and other letters': ({ write }) => [write('ein Ordner/naïve — ☃ #%41?.mjs', ESM)],
  'a preload by a relative name': ({ write }) => {
    write('pre.mjs', 'globalThis.preloaded = (globalThis.preloaded ?? 0) + 1')
    return ['--import', './pre.mjs', write('a.mjs', ESM)]
  },
  '--preserve-symlinks-main': ({ file, write }) => {
    symlinkSync(write('real/a.mjs', ESM), file('link.mjs'))
    return ['--preserve-symlinks-main', 'link.mjs']
  },
  'tsx by --import': (place) => {
    withTsx(place)
    return ['--import', 'tsx', place.write('a.mts', `${ESM}\nexport type T = string`)]
  },
}

function check(t, place, result) {
  t.like(result, { code: 0, signal: null, stdout: '' })
  const lines = place.read('lines').trim().split('\n').map(JSON.parse)
  t.deepEqual(
    lines.map(({ daemon, seen }) => [daemon, seen]),
    [
      [false, 1],
      [true, 1],
    ],
    'evaluated once in each process',
  )
  const [{ daemon: _launcher, ...launcher }, { daemon: _daemon, ...daemon }] = lines
  return { launcher, daemon }
}

async function running(t, place) {
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
  // Nothing was evaluated later either.
  t.is(place.read('lines').trim().split('\n').length, 2)
}

for (const [name, make] of Object.entries(PROGRAMS)) {
  const run = name.startsWith('tsx') ? needs('esbuild') : test.serial
  run(`executed again, once, with the same argv and execArgv: ${name}`, async (t) => {
    const place = folder(t)
    const args = [...make(place), 'an argument', '--flag', '', '--', 'ü']
    const { launcher, daemon } = check(t, place, await place.node(args))
    // --import's relative file is made absolute for the daemon, so that another cwd finds it.
    const same = (flags) => flags.filter((flag) => !/pre\.mjs$|tsx/.test(flag))
    t.deepEqual(
      { ...daemon, execArgv: same(daemon.execArgv) },
      { ...launcher, execArgv: same(launcher.execArgv) },
    )
    t.is(daemon.execArgv.length, launcher.execArgv.length)
    if ('main' in daemon) t.true(daemon.main)
    if (name.startsWith('a preload')) t.is(daemon.preloaded, 1)
    await running(t, place)
  })
}

needs('esbuild')("executed again, once, with the same argv and execArgv: tsx's own command", async (t) => {
  const place = folder(t)
  const program = place.write('a.ts', `${CJS}\nconst typed: string = 'x'; typed.length`)
  const { launcher, daemon } = check(t, place, await place.command(tsx, [program, 'x']))
  t.deepEqual(daemon, launcher)
  t.deepEqual(daemon.argv.slice(1), [program, 'x'])
  await running(t, place)
})

needs('type stripping')(
  "executed again, once, with the same argv and execArgv: Node's type stripping",
  async (t) => {
    const place = folder(t)
    const program = place.write('a.mts', `${ESM}\nexport type T = string`)
    const { launcher, daemon } = check(t, place, await place.node([program, 'x']))
    t.deepEqual(daemon, launcher)
    await running(t, place)
  },
)

test.serial('executed again from where the launcher began, wherever it has gone since', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('elsewhere'))
  place.write('pre.cjs', 'globalThis.preloaded = true')
  place.write(
    'a.mjs',
    `import { Daemon, daemonize } from "DAIMON"
     import { writeFileSync } from 'node:fs'
     const began = process.cwd()
     process.chdir('elsewhere')
     process.argv.splice(2)
     process.execArgv.length = 0
     await daemonize({ pidFile: '../a.pid' })
     writeFileSync('../seen', JSON.stringify([began, process.cwd(), globalThis.preloaded]))
     setInterval(() => {}, 1e6)`,
  )
  t.like(await place.node(['-r', './pre.cjs', 'a.mjs', 'x']), { code: 0, stderr: '' })
  t.deepEqual(JSON.parse(place.read('seen')), [place.path, place.file('elsewhere'), true])
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true })
})

test.serial('node -p and code with arguments become daemons, too', async (t) => {
  const place = folder(t)
  const code = `import(${JSON.stringify(DAIMON)}).then(async ({ daemonize }) => {
    await daemonize({ pidFile: 'a.pid' })
    require('node:fs').writeFileSync('seen', JSON.stringify(process.argv.slice(1)))
    setInterval(() => {}, 1e6)
  }), 1`
  t.like(await place.node(['-p', code, '--', '--x', 'y']), { code: 0, stderr: '' })
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  t.like(await daemon.stop(), { wasRunning: true })
  t.deepEqual(JSON.parse(place.read('seen')), ['--x', 'y'])
})

test.serial('a script may be a file URL, also with spaces and other letters', async (t) => {
  const place = folder(t)
  const script = pathToFileURL(place.write('ein Ordner/ü #%.mjs', 'setInterval(() => {}, 1e6)'))
  for (const given of [script, script.href]) {
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script: given })
    t.like(await daemon.start(), { state: 'running' })
    await daemon.stop()
  }
})
