// Packs the package, installs it into an empty folder without a network, imports it and runs its command there.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './lib/run.js'

// What the consumer runs: the import, the types that go with it, and this platform's binary.
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

const host = 'daimon.' + process.platform + '-' + process.arch
const binaries = readdirSync(installed + 'native').filter((name) => name.startsWith(host))
for (const name of binaries) require(installed + 'native/' + name)
console.log('binary:', binaries.join(' '))
if (binaries.length === 0) throw new Error('no binary for ' + host)
`

// What the consumer's shell runs: the command as npm has installed it, and a daemon's whole life by it.
const COMMAND = `
set -e
daimon() { node_modules/.bin/daimon "$@"; }
echo "command: daimon $(daimon --version)"
echo 'setInterval(() => {}, 1e6)' > server.js
daimon start --pid-file web.pid --log web.log server.js
daimon status --pid-file web.pid
daimon stop --pid-file web.pid
`

const temp = mkdtempSync(join(tmpdir(), 'daimon-pack-'))
const consumer = join(temp, 'consumer')

/** Each step needs the one before; the first that fails is named. */
async function check() {
  const flags = ['--offline', '--fetch-retries=0', '--ignore-scripts', '--no-audit', '--no-fund']
  if ((await run(process.execPath, ['scripts/build.js', '--if-needed'])) !== 0) return 'build'
  if ((await run('npm', ['pack', '--ignore-scripts', '--pack-destination', temp])) !== 0) return 'npm pack'
  const tarball = readdirSync(temp).find((name) => name.endsWith('.tgz'))
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), '{ "private": true }\n')
  const install = ['install', ...flags, join(temp, tarball)]
  if ((await run('npm', install, { cwd: consumer })) !== 0) return 'npm install'
  const evaluate = ['--input-type=module', '-e', PROGRAM]
  if ((await run(process.execPath, evaluate, { cwd: consumer })) !== 0) return 'import'
  if ((await run('sh', ['-c', COMMAND], { cwd: consumer })) !== 0) return 'the command'
  return undefined
}

try {
  const failed = await check()
  if (failed) {
    console.error(`packed install: ${failed} failed`)
    process.exitCode = 1
  }
} finally {
  rmSync(temp, { recursive: true, force: true })
}
