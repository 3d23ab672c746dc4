// Every static check, to the end, so that one run shows all that is wrong; it closes with their counts.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { failure, none } from './lib/counts.js'
import { leg } from './lib/leg.js'
import { python } from './lib/python.js'
import { bin, root, run } from './lib/run.js'
import { coreFaces } from './lint/core-faces.js'
import { longLines, readSentences, unusedPackages } from './lint/own-checks.js'
import { rooms } from './lint/rooms.js'

/** cargo fmt and cargo clippy are components of their own; a minimal Rust set-up lacks them. */
function cargo(verb, component, args) {
  const { status } = spawnSync('cargo', [verb, '--version'], { cwd: root, stdio: 'ignore' })
  if (status === 0) return run('cargo', [verb, ...args])
  console.error(`cargo ${verb} is not installed. Run: rustup component add ${component}`)
  return 1
}

const locked = process.env.CI ? ['--locked'] : []
// The binding by itself and without tests, which it has none of: in a test build napi leaves its exports out, so that
// everything would count as unused.
const clippy = (...what) => cargo('clippy', 'clippy', [...what, ...locked, '--', '-D', 'warnings'])
const checks = {
  'cargo fmt': () => cargo('fmt', 'rustfmt', ['--all', '--check']),
  'cargo clippy': () => clippy('--workspace', '--exclude', 'daimon-node', '--all-targets'),
  'cargo clippy, binding': () => clippy('-p', 'daimon-node'),
  biome: () => run(bin('biome'), ['check', '--error-on-warnings', '.']),
  // The facade's types may lean on those that the binding's build writes.
  tsc: async () =>
    (await run(process.execPath, ['scripts/build.js', 'native', '--if-needed'])) ||
    run(bin('tsc'), ['--project', 'tsconfig.json', '--noEmit']),
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
