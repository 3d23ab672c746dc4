/**
 * Says which modules of `build/` go into which file of `dist/`. A program that imports the package takes 3 ms to load
 * one bundle, and would take 20 ms to load each module by itself. Each module is in one bundle, so that its state and
 * its classes exist once. The bundles that are loaded before a script import no other bundle.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { transform } from 'esbuild'
import { root } from './run.js'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const BUILT = join(root, 'build')
const FACADE = join(BUILT, 'index.js')
const COMMAND = join(BUILT, 'cli/index.js')
/** The module that loads the command, and passes the facade to it. */
const LOADS_COMMAND = join(BUILT, 'command.js')

/** Removes comments: esbuild keeps those of class members, and each import would have to read them. */
const withoutComments = {
  name: 'without comments',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/, namespace: 'file' }, async ({ path }) => {
      const options = { minifyWhitespace: true, legalComments: 'none' }
      const { code } = await transform(readFileSync(path, 'utf8'), options)
      return { contents: code }
    })
  },
}

const common = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
  plugins: [withoutComments],
  define: { DAIMON_VERSION: JSON.stringify(version) },
}

/** The facade; the files that take modules from it; and the two files that are loaded before a script. */
export function bundles() {
  const files = {
    cli: COMMAND,
    bin: join(BUILT, 'bin.js'),
    'restart-helper': join(BUILT, 'restart/helper.js'),
  }
  return [
    {
      ...common,
      entryPoints: { index: FACADE },
      plugins: [apart(new Map()), withoutComments],
      format: 'esm',
    },
    { ...common, entryPoints: files, plugins: [apart(lent()), withoutComments], format: 'esm' },
    { ...common, entryPoints: { settle: join(BUILT, 'inside/import-hook.js') }, format: 'esm' },
    {
      ...common,
      entryPoints: { preload: join(BUILT, 'inside/preload.js') },
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      // CommonJS has no `import.meta.url`; `package-files.ts` finds its folder without it.
      logOverride: { 'empty-import-meta': 'silent' },
    },
  ]
}

/** The modules that the facade lends to the other bundles, each with the names that `internals.ts` imports of it. */
function lent() {
  const text = readFileSync(join(root, 'ts/internals.ts'), 'utf8')
  const imports = text.matchAll(/^import \{([^}]*)\} from '(\.[^']*)'$/gm)
  return new Map(Array.from(imports, ([, names, path]) => [resolve(BUILT, path), names]))
}

/**
 * Keeps the facade and the command in their own files, and takes the lent modules from the facade. Compares modules by
 * their absolute paths, so that it does not matter where they are imported.
 */
function apart(lent) {
  return {
    name: 'apart',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, kind, importer, namespace }) => {
        if (kind === 'entry-point') return undefined
        const target = resolve(dirname(importer), path)
        if (target === FACADE && importer === LOADS_COMMAND) return undefined
        if (target === FACADE) return { path: './index.js', external: true }
        if (target === COMMAND) return { path: './cli.js', external: true }
        if (!lent.has(target) || namespace === LENT) return undefined
        // The bundle names the path in a comment, so it must be relative: no path of the machine that builds.
        return { path: relative(root, target), namespace: LENT }
      })
      onResolve({ filter: /^facade$/, namespace: LENT }, () => ({ path: './index.js', external: true }))
      onLoad({ filter: /./, namespace: LENT }, ({ path }) => ({
        contents: `import { internals } from 'facade'
          export const { ${lent.get(join(root, path))} } = internals()`,
      }))
    },
  }
}

const LENT = 'lent'

/** The text to write: esbuild's, with the changes that esbuild cannot make. */
export function finished(path, text) {
  if (path.endsWith('.cjs')) return text
  const whole = withBuiltins(text)
  return path.endsWith('/cli.js') ? framed(whole) : whole
}

/**
 * Gets Node's own modules by `process.getBuiltinModule`, because each `import` would cost 0.2 ms, to make a namespace
 * of all exports. esbuild writes one such `import` on each line.
 */
function withBuiltins(text) {
  return text.replace(/^import \{([^}]*)\} from "(node:[^"]+)";$/gm, (_, names, module) => {
    return `const {${names.replaceAll(' as ', ': ')}} = process.getBuiltinModule("${module}");`
  })
}

/**
 * Makes the command line one function of the facade, which `ts/command.ts` can compile from the file's text. A daemon
 * keeps the text, because the file may be gone when the command is used.
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
