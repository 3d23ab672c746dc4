// build.js [native] [ts] [--if-needed]: builds the binding into native/ and the facade into dist/.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { bin, root, run } from './lib/run.js'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

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
    sources: ['ts', 'tsconfig.json', 'scripts/build.js'],
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
 * Node's own modules by `process.getBuiltinModule`: an `import` of each would cost 0.2 ms, for the namespace of all
 * that it exports. esbuild writes one such statement a line.
 */
function withBuiltins(text) {
  return text.replace(/^import \{([^}]*)\} from "(node:[^"]+)";$/gm, (_, names, module) => {
    return `const {${names.replaceAll(' as ', ': ')}} = process.getBuiltinModule("${module}");`
  })
}

/** Imports of these are left as they are, wherever they are imported from; but the facade has itself. */
const apart = {
  name: 'apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^(?:\.|\.\.)\/(?:index|cli)\.js$/ }, ({ path, kind, importer }) => {
      const isInside = path === './index.js' && importer === join(root, 'build/command.js')
      if (kind === 'entry-point' || isInside) return undefined
      return { path: `./${path.split('/').at(-1)}`, external: true }
    })
  },
}

/**
 * The command line as one function of the facade, which `ts/command.ts` can compile from the file's text: a daemon
 * keeps that, and has no file any more when it is wanted.
 */
function framed(text) {
  const body = text
    .replace(/^import \{([^}]*)\} from "\.\/index\.js";$/gm, (_, names) => {
      return `const {${names.replaceAll(' as ', ': ')}} = daimon;`
    })
    .replace(/^export \{\s*main\s*\};$/m, 'return { main };')
  const left = /^(?:import|export)\b.*|\bimport(?:\(|\.meta\b).*/m.exec(body)
  if (left !== null) throw new Error(`build: cli.js must stand alone, but has: ${left[0]}`)
  const lines = [`// The command line of daimon ${version}`, 'import * as daimon from "./index.js";']
  return `${lines.join('\n')}\nexport const { main } = (function (daimon) {\n${body}})(daimon);\n`
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

/**
 * The modules in few files: loading all of them costs a program that imports the package 20 ms, one bundle 3. What
 * is loaded before the program stands alone. `build/` keeps the modules for unit tests.
 */
async function bundle() {
  const common = {
    absWorkingDir: root,
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
    define: { DAIMON_VERSION: JSON.stringify(version) },
  }
  try {
    const { outputFiles } = await build({
      ...common,
      entryPoints: {
        index: 'build/index.js',
        settle: 'build/settle.js',
        'restart-helper': 'build/restart-helper.js',
        cli: 'build/cli.js',
        bin: 'build/bin.js',
      },
      // The facade is there once, and each of the others is loaded when it is wanted.
      plugins: [apart],
      format: 'esm',
      write: false,
    })
    for (const { path, text } of outputFiles) {
      const whole = withBuiltins(text)
      writeFileSync(path, path.endsWith('/cli.js') ? framed(whole) : whole, {
        mode: path.endsWith('/bin.js') ? 0o755 : 0o644,
      })
    }
    await build({
      ...common,
      entryPoints: { preload: 'build/preload.js' },
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      // Where there is none, `ts/here.ts` knows another way.
      logOverride: { 'empty-import-meta': 'silent' },
    })
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
