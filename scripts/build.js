// build.js [native] [ts] [--if-needed]: builds the binding into native/ and the facade into dist/.
import { readdirSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bin, root, run } from './lib/run.js'

/** The latest change of a file below the paths, in ms; with `folders` also of a folder (a deletion); 0 for none. */
function latest(paths, folders = false) {
  const times = paths.map((path) => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0
    const inside = readdirSync(path).map((name) => join(path, name))
    return Math.max(folders ? stat.mtimeMs : 0, latest(inside, folders))
  })
  return Math.max(0, ...times)
}

const builds = {
  native: {
    sources: ['crates', 'Cargo.toml', 'Cargo.lock', 'build.rs'],
    output: 'native',
    build() {
      // The paths of the machine that builds have no place in the binary.
      const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo')
      const remap = [`${cargoHome}=/cargo`, `${root.replace(/\/$/, '')}=/daimon`]
      const flags = remap.map((pair) => JSON.stringify(`--remap-path-prefix=${pair}`))
      const cargo = ['--config', `build.rustflags=[${flags.join(',')}]`]
      if (process.env.CI) cargo.push('--locked')
      const out = ['--output-dir', 'native', '--no-js', '--dts', 'binding.d.cts', '--no-const-enum']
      const args = ['--manifest-path', 'crates/node/Cargo.toml', '--platform', '--release', ...out]
      return run(bin('napi'), ['build', ...args, '--', ...cargo])
    },
  },
  ts: {
    sources: ['ts', 'tsconfig.json'],
    output: 'dist',
    build() {
      rmSync(join(root, 'dist'), { recursive: true, force: true }) // a deleted source must not live on
      return run(bin('tsc'), ['--project', 'tsconfig.json'])
    },
  },
}

const { values, positionals } = parseArgs({
  options: { 'if-needed': { type: 'boolean', default: false } },
  allowPositionals: true,
})

for (const name of positionals.length > 0 ? positionals : Object.keys(builds)) {
  const { sources, output, build } = builds[name]
  const inputs = [...sources, 'package.json'].map((path) => join(root, path))
  const fresh = latest([join(root, output)]) > latest(inputs, true)
  if (values['if-needed'] && fresh) continue
  const code = await build()
  if (code !== 0) {
    console.error(`build: ${name} failed`)
    process.exitCode = code
    break
  }
}
