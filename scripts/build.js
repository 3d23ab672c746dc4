// build.js [native] [ts] [--if-needed]: builds the binding into native/ and the facade into dist/.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { build as esbuild } from 'esbuild'
import { bundles, finished } from './lib/bundles.js'
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
    sources: ['ts', 'tsconfig.json', 'scripts/build.js', 'scripts/lib/bundles.js'],
    output: 'dist',
    async build() {
      // A deleted source must not live on.
      for (const folder of ['build', 'dist']) rmSync(join(root, folder), { recursive: true, force: true })
      const code = await run(bin('tsc'), ['--project', 'tsconfig.json'])
      if (code !== 0 || !publishTypes()) return code || 1
      return await bundle()
    },
  },
}

/**
 * Of the types only those are published that the package's own lead to. Tells whether all of these are there: the
 * binding's, which are not to be seen from outside, are not below `build/`.
 */
function publishTypes() {
  const published = new Set()
  const publish = (name) => {
    if (published.has(name)) return
    published.add(name)
    // The compiler keeps imports that are there for what they do, which types do nothing of.
    const text = readFileSync(join(root, 'build', name), 'utf8').replace(/^import '[^']*';\n/gm, '')
    mkdirSync(dirname(join(root, 'dist', name)), { recursive: true })
    writeFileSync(join(root, 'dist', name), text)
    for (const [, from] of text.matchAll(/(?:from|import\() ?['"](\.[^'"]*)\.c?js['"]/g)) {
      publish(join(dirname(name), `${from}.d.ts`))
    }
  }
  try {
    publish('index.d.ts')
    return true
  } catch (error) {
    console.error(`build: the published types lead to one that is not published: ${error.message}`)
    return false
  }
}

/** The modules of `build/` in the files of `dist/`. */
async function bundle() {
  try {
    for (const options of bundles()) {
      const { outputFiles } = await esbuild({ ...options, write: false })
      for (const { path, text } of outputFiles) {
        writeFileSync(path, finished(path, text), { mode: path.endsWith('/bin.js') ? 0o755 : 0o644 })
      }
    }
    return 0
  } catch (error) {
    // Of its own failures esbuild has said why.
    if (!('errors' in error)) console.error(error.message)
    return 1
  }
}

const { values, positionals } = parseArgs({
  options: { 'if-needed': { type: 'boolean', default: false } },
  allowPositionals: true,
})

for (const name of positionals.length > 0 ? positionals : Object.keys(builds)) {
  const { sources, output, build: make } = builds[name]
  const inputs = [...sources, 'package.json'].map((path) => join(root, path))
  const fresh = latest([join(root, output)]) > latest(inputs, true)
  if (values['if-needed'] && fresh) continue
  const code = await make()
  if (code !== 0) {
    console.error(`build: ${name} failed`)
    // Half of it would count as up to date.
    rmSync(join(root, output), { recursive: true, force: true })
    process.exitCode = code
    break
  }
}
