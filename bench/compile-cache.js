/** Measures what the option `compileCache` saves at the start of a large server, against a bare spawn of the same. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Daemon } from '../dist/index.js'
import { atEnd } from '../scripts/lib/at-end.js'
import { installNode, nodeVersion } from '../scripts/lib/nodes.js'
import { killAll, MARK, marked } from '../scripts/lib/processes.js'
import { root } from '../scripts/lib/run.js'
import { median } from './measure.js'
import { Idle, listening, ms } from './peers/lab.js'
import { markdown, number } from './peers/table.js'

/** The first release line in which every Node.js has the cache. */
const MAJOR = '24'
const FILES = ['package.json', 'package-lock.json', '.npmrc', 'server.cjs']
const here = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Installs the server; gives its path, and how many files of packages it loads. */
function install() {
  const folder = join(root, 'target/bench/large')
  mkdirSync(folder, { recursive: true })
  for (const name of FILES) copyFileSync(here(`large/${name}`), join(folder, name))
  const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  if (spawnSync('npm', flags, { cwd: folder, stdio: 'inherit' }).status !== 0)
    throw new Error('the packages of the large server cannot be had')
  const require = createRequire(join(folder, 'server.cjs'))
  for (const name of ['express', 'date-fns']) require(name)
  const modules = Object.keys(require.cache).filter((path) => path.startsWith(folder)).length
  return { script: join(folder, 'server.cjs'), modules }
}

/** A Node.js that has the cache: this one, or one that is installed. */
async function nodeWithCache() {
  if (Number(process.versions.node.split('.')[0]) >= Number(MAJOR)) return process.execPath
  const node = await installNode(MAJOR)
  if (node === undefined) throw new Error(`Node.js ${MAJOR} cannot be had`)
  return node
}

async function bySpawn(node, script, record) {
  const child = spawn(node, [script, record], { detached: true, stdio: 'ignore' })
  const listened = await listening({ record })
  return {
    listened,
    async end() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function byDaimon(daemon, record) {
  await daemon.start()
  return { listened: await listening({ record }), end: () => daemon.stop() }
}

/** @param options rounds, idle (ms) */
export async function compileCache({ rounds, idle: most }) {
  const [{ script, modules }, node] = [install(), await nodeWithCache()]
  const folder = mkdtempSync(join(tmpdir(), 'daimon-bench-'))
  process.env[MARK] = folder
  const tidy = atEnd(() => {
    killAll(() => marked(folder))
    rmSync(folder, { recursive: true, force: true })
  })
  const record = join(folder, 'record')
  const options = { pidFile: join(folder, 'a.pid'), script, scriptArgs: [record], execPath: node }
  const without = new Daemon(options)
  const withCache = without.with({ compileCache: join(folder, 'cache') })
  const starts = {
    spawn: () => bySpawn(node, script, record),
    without: () => byDaimon(without, record),
    with: () => byDaimon(withCache, record),
  }
  const idle = new Idle(most)
  const times = { spawn: [], without: [], with: [] }
  // The first one fills the cache.
  for (let round = -1; round < rounds; round++) {
    for (const [name, start] of Object.entries(starts)) {
      await idle.wait()
      writeFileSync(record, '')
      const begun = process.hrtime.bigint()
      const { listened, end } = await start()
      await end()
      if (round >= 0) times[name].push(ms(listened.listening - begun))
    }
  }
  tidy()
  const medians = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]))
  const row = (what, name) => [
    what,
    number(medians[name] / medians.spawn, 'ratio'),
    number(medians[name], 'ms'),
  ]
  console.log(`# A server of ${modules} modules, until it listens

Node.js ${nodeVersion(node)}, ${process.platform}-${process.arch}. Medians of ${rounds} rounds in turn. \
${idle.inVain} of ${idle.waits} waits for an idle machine were in vain.

${markdown(
  ['', 'to a bare spawn', 'ms'],
  [
    row('bare spawn', 'spawn'),
    row('`start()`', 'without'),
    row('`start()` with `compileCache`, from its second start on', 'with'),
  ],
)}
`)
}
