// build.js [native] [ts] [--if-needed] [--seams]: builds the binding into native/ and the facade into dist/; with
// --seams the build for the torture, in which tests can stop a process at each step, into target/seams/.
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build as esbuild } from 'esbuild'
import { finished } from './lib/bundle-texts.js'
import { bundles } from './lib/bundles.js'
import { latest } from './lib/latest.js'
import { root, run, runTool } from './lib/run.js'

const { values, positionals } = parseArgs({
  options: {
    'if-needed': { type: 'boolean', default: false },
    seams: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

/** Takes from the binary's name what napi adds for Windows: the linker. The loader's name has none. */
function nameForLoader(folder) {
  for (const name of readdirSync(folder)) {
    const short = name.replace(/\.(win32-\w+)-\w+\.node$/, '.$1.node')
    if (short !== name) renameSync(join(folder, name), join(folder, short))
  }
}

/** Builds the keeper, and puts it beside the binding. */
async function buildKeeper(how, cargo) {
  const target = how.includes('--target-dir') ? join(root, 'target/seams/cargo') : join(root, 'target')
  const code = await run('cargo', ['build', '--package', 'daimon-keeper', ...how, ...cargo])
  const profile = how.includes('torture') ? 'torture' : 'release'
  if (code !== 0) return code
  const place = join(root, folder, 'native/daimon-keeper')
  // The system refuses to write to a program that is executed, as by a daemon that goes on.
  copyFileSync(join(target, profile, 'daimon-keeper'), `${place}.new`)
  renameSync(`${place}.new`, place)
  return code
}

const { seams } = values
/** Where the output goes, from the root. */
const folder = seams ? 'target/seams/' : ''

const builds = {
  native: {
    sources: ['crates', 'Cargo.toml', 'Cargo.lock', 'build.rs'],
    output: 'native',
    async build() {
      // The binary must not contain paths of the machine that builds it.
      const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo')
      const remap = [`${cargoHome}=/cargo`, `${resolve(root)}=/daimon`]
      const flags = remap.map((pair) => JSON.stringify(`--remap-path-prefix=${pair}`))
      const cargo = seams ? [] : ['--config', `build.rustflags=[${flags.join(',')}]`]
      if (process.env.CI) cargo.push('--locked')
      const how = seams
        ? ['--profile', 'torture', '--features', 'seams', '--target-dir', 'target/seams/cargo']
        : ['--release']
      const out = ['--output-dir', `${folder}native`, '--no-js', '--dts', 'binding.d.cts', '--no-const-enum']
      const args = ['--manifest-path', 'crates/node/Cargo.toml', '--platform', ...how, ...out]
      const code = await runTool('napi', ['build', ...args, '--', ...cargo])
      if (code !== 0) return code
      nameForLoader(join(root, folder, 'native'))
      return await buildKeeper(how, cargo)
    },
  },
  ts: {
    sources: [
      'ts',
      'tsconfig.json',
      'scripts/build.js',
      'scripts/lib/bundles.js',
      'scripts/lib/bundle-texts.js',
    ],
    output: 'dist',
    async build() {
      // Remove the output of sources that have been deleted.
      for (const output of ['build', `${folder}dist`])
        rmSync(join(root, output), { recursive: true, force: true })
      const code = await runTool('tsc', ['--project', 'tsconfig.json'])
      if (code !== 0 || (!seams && !publishTypes())) return code || 1
      return await bundle()
    },
  },
}

/**
 * Publishes the types that `index.d.ts` leads to, and no others. False if one of them is not below `build/`, as the
 * binding's types, which are not public.
 */
function publishTypes() {
  const published = new Set()
  const publish = (name) => {
    if (published.has(name)) return
    published.add(name)
    // Remove imports that are there for their effects: the compiler keeps them, and types have none.
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
    console.error(`build: the published types need a type that is not published: ${error.message}`)
    return false
  }
}

/** Bundles the modules of `build/` into the files of `dist/`. */
async function bundle() {
  try {
    mkdirSync(join(root, folder, 'dist'), { recursive: true })
    for (const options of await bundles({ outdir: `${folder}dist`, seams })) {
      const { outputFiles } = await esbuild({ ...options, write: false })
      for (const { path, text } of outputFiles) {
        writeFileSync(path, await finished(path, text), { mode: path.endsWith('/bin.js') ? 0o755 : 0o644 })
      }
    }
    return 0
  } catch (error) {
    // esbuild has printed its own errors already.
    if (!('errors' in error)) console.error(error.message)
    return 1
  }
}

for (const name of positionals.length > 0 ? positionals : Object.keys(builds)) {
  const { sources, output, build: make } = builds[name]
  const inputs = [...sources, 'package.json'].map((path) => join(root, path))
  const fresh = latest([join(root, folder, output)]) > latest(inputs, true)
  if (values['if-needed'] && fresh) continue
  const code = await make()
  if (code !== 0) {
    console.error(`build: ${name} failed`)
    // Remove a partial output: with --if-needed it would count as up to date.
    rmSync(join(root, folder, output), { recursive: true, force: true })
    process.exitCode = code
    break
  }
}
