// check-pack.js [--assembled]: packs the package and that of this platform, installs both into an empty folder without
// a network, imports daimon there and runs its command. Builds both before; with --assembled takes them from npm/.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './lib/at-end.js'
import { npm, run } from './lib/run.js'
import { host, packages } from './release/targets.js'

const assembled = process.argv.includes('--assembled')

// The consumer's program: it checks the import, its types, and this platform's binary.
const PROGRAM = `
import * as daimon from 'daimon'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(process.cwd() + '/')
const installed = process.cwd() + '/node_modules/daimon/'
const exported = Object.keys(daimon)
console.log('exports:', exported.join(' '))
if (exported.length === 0) throw new Error('daimon exports nothing')

const { types } = require('daimon/package.json').exports['.']
if (!existsSync(installed + types)) throw new Error('missing: ' + types)

const host = 'daimon-' + process.platform + '-' + process.arch
const binaries = readdirSync('node_modules').filter((name) => name.startsWith(host))
for (const name of binaries) require(name)
console.log('binary:', binaries.join(' '))
if (binaries.length === 0) throw new Error('no binary for ' + host)
`

// The consumer's shell script: it runs the command as npm has installed it, and starts and stops a daemon.
const COMMAND = `
set -e
daimon() { node_modules/.bin/daimon "$@"; }
trap 'daimon stop --pid-file web.pid' EXIT
echo "command: daimon $(daimon --version)"
echo 'setInterval(() => {}, 1e6)' > server.js
daimon start --pid-file web.pid --log web.log server.js
daimon status --pid-file web.pid
daimon stop --pid-file web.pid
`

const temp = mkdtempSync(join(tmpdir(), 'daimon-pack-'))
atEnd(() => rmSync(temp, { recursive: true, force: true }))
const consumer = join(temp, 'consumer')

/** Runs the steps until one fails; gives the name of that step. */
async function check() {
  const flags = ['--offline', '--fetch-retries=0', '--ignore-scripts', '--no-audit', '--no-fund']
  if (!assembled) {
    if ((await run(process.execPath, ['scripts/build.js', '--if-needed'])) !== 0) return 'build'
    if ((await run(process.execPath, ['scripts/release/assemble.js', '--host'])) !== 0) return 'assemble'
  }
  if (host === undefined) return 'finding a package for this platform'
  for (const name of ['daimon', host.name]) {
    const pack = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', temp]
    if ((await run(...npm(...pack), { cwd: join(packages, name) })) !== 0) return 'npm pack'
  }
  const tarballs = readdirSync(temp).filter((name) => name.endsWith('.tgz'))
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), '{ "private": true }\n')
  const install = ['install', ...flags, ...tarballs.map((name) => join(temp, name))]
  if ((await run(...npm(...install), { cwd: consumer })) !== 0) return 'npm install'
  const evaluate = ['--input-type=module', '-e', PROGRAM]
  if ((await run(process.execPath, evaluate, { cwd: consumer })) !== 0) return 'import'
  if ((await run('sh', ['-c', COMMAND], { cwd: consumer })) !== 0) return 'the command'
  return undefined
}

const failed = await check()
if (failed) {
  console.error(`packed install: ${failed} failed`)
  process.exitCode = 1
}
