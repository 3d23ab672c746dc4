// Programs that have become one file, by esbuild, with as much of the package beside them as their authors took along.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Daemon } from '../../dist/index.js'
import { DAIMON, folder, ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const NATIVE = readdirSync(join(ROOT, 'native')).filter((name) => name.endsWith('.node'))

/** Tells what a start came to. */
const program = (options) => `
import { Daemon, daemonize } from ${JSON.stringify(new URL(DAIMON).pathname)}
const daemon = new Daemon({ pidFile: 'a.pid', ${options} })
daemon.start().then(({ state }) => console.log(state), ({ code, feature }) => console.log(code, feature))
`
const RUN = program('run: () => void setInterval(() => {}, 1e6)')

/** What must be beside the bundle for `script`; more where flags import modules. */
const FOR_SCRIPTS = ['preload.cjs', 'index.js']
const WITH_IMPORT = "script: 'idle.mjs', execArgv: ['--import', 'data:text/javascript,']"

/** Bundles it, puts some of the package beside it, and runs it. */
async function bundled(t, text, { files = [], native = NATIVE, format = 'esm', flags = [] } = {}) {
  const place = folder(t)
  place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  const out = place.file(`out/main.${format === 'cjs' ? 'cjs' : 'mjs'}`)
  const all = ['--bundle', '--platform=node', `--format=${format}`, `--outfile=${out}`, ...flags]
  t.is(spawnSync(join(ROOT, 'node_modules/.bin/esbuild'), [place.write('main.mjs', text), ...all]).status, 0)
  for (const name of files) cpSync(join(ROOT, 'dist', name), place.file(`out/${name}`))
  for (const name of native) cpSync(join(ROOT, 'native', name), place.file(`out/${name}`))
  return { place, ...(await place.node([out])) }
}

async function serves(t, { place, stdout, stderr }) {
  t.is(stderr, '')
  t.is(stdout, 'running\n')
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
}

for (const format of ['esm', 'cjs']) {
  for (const flags of [[], ['--minify']]) {
    const title = `one file (${[format, ...flags].join(' ')}) with the binary beside it becomes a daemon`
    needs('esbuild')(title, async (t) => serves(t, await bundled(t, RUN, { format, flags })))
  }
}

needs('esbuild')('one file that goes on after daemonize() becomes a daemon', async (t) => {
  const text = `import { daemonize } from ${JSON.stringify(new URL(DAIMON).pathname)}
    if (process.argv.length > 2) throw new Error('no arguments were given')
    await daemonize({ pidFile: 'a.pid' })
    setInterval(() => {}, 1e6)`
  const { place, code, stderr } = await bundled(t, text)
  t.deepEqual([code, stderr], [0, ''])
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
})

needs('esbuild')('one file starts scripts where it has the files that they are loaded with', async (t) => {
  await serves(t, await bundled(t, program("script: 'idle.mjs'"), { files: FOR_SCRIPTS }))
  const files = [...FOR_SCRIPTS, 'settle.js']
  await serves(t, await bundled(t, program(WITH_IMPORT), { files }))
})

needs('esbuild')('without these files a script is Unsupported, and nothing has happened', async (t) => {
  const incomplete = [
    ["script: 'idle.mjs'", []],
    ["script: 'idle.mjs'", ['preload.cjs']],
    [WITH_IMPORT, FOR_SCRIPTS],
  ]
  for (const [options, files] of incomplete) {
    const { place, stdout } = await bundled(t, program(options), { files })
    t.is(stdout, 'ERR_DAEMON_UNSUPPORTED script\n')
    t.false(existsSync(place.file('a.pid')))
  }
})

needs('esbuild')('without the binary a start is Unsupported', async (t) => {
  const { place, stdout, stderr } = await bundled(t, RUN, { native: [] })
  t.deepEqual([stdout, stderr], ['ERR_DAEMON_UNSUPPORTED native binding\n', ''])
  t.false(existsSync(place.file('a.pid')))
})
