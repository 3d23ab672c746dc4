// Runs every static check, even after a failure, so that one run shows all faults. The last line has the counts.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { failure, none } from './lib/counts.js'
import { leg } from './lib/leg.js'
import { python } from './lib/python.js'
import { root, run, runTool } from './lib/run.js'
import { coreFaces } from './lint/core-faces.js'
import { longLines, readSentences, unusedPackages } from './lint/own-checks.js'
import { rooms } from './lint/rooms.js'

/** Runs a cargo command that a minimal Rust set-up lacks: fmt and clippy are separate components. */
function cargo(verb, component, args) {
  const { status } = spawnSync('cargo', [verb, '--version'], { cwd: root, stdio: 'ignore' })
  if (status === 0) return run('cargo', [verb, ...args])
  console.error(`cargo ${verb} is not installed. Run: rustup component add ${component}`)
  return 1
}

const locked = process.env.CI ? ['--locked'] : []
// The binding is checked by itself and without tests, of which it has none: napi leaves its exports out of a test
// build, so that all of its code would count as unused.
const clippy = (...what) => cargo('clippy', 'clippy', [...what, ...locked, '--', '-D', 'warnings'])
const checks = {
  'cargo fmt': () => cargo('fmt', 'rustfmt', ['--all', '--check']),
  'cargo clippy': () => clippy('--workspace', '--exclude', 'daimon-node', '--all-targets'),
  'cargo clippy, binding': () => clippy('-p', 'daimon-node'),
  // By itself, too: without its feature it has no code.
  'cargo clippy, torture': () => clippy('-p', 'daimon-torture', '--features', 'seams', '--all-targets'),
  biome: () => runTool('biome', ['check', '--error-on-warnings', '.']),
  // Build the binding first if needed: the facade's types use those that its build writes.
  tsc: async () =>
    (await run(process.execPath, ['scripts/build.js', 'native', '--if-needed'])) ||
    runTool('tsc', ['--project', 'tsconfig.json', '--noEmit']),
  typos: async () => run(join(await python('lint'), 'typos'), []),
  'long lines': longLines,
  rooms,
  'sentences that are read': readSentences,
  'unused packages': unusedPackages,
  'faces of the core': coreFaces,
}

const failed = []
const parts = Object.entries(checks).map(([name, check]) => async () => {
  console.log(`== ${name}`)
  if ((await check()) === 0) return { ...none(), passed: 1 }
  failed.push(name)
  return failure
})
await leg('lint', ...parts, () => {
  if (failed.length > 0) console.error(`lint: failed: ${failed.join(', ')}`)
  return none()
})
