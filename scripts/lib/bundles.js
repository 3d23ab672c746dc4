/**
 * Says which modules of `build/` go into which file of `dist/`. A program that imports the package takes 3 ms to load
 * one bundle, and would take 20 ms to load each module by itself. Each module of the facade is in one ES bundle, so
 * that its state and its classes exist once. What is loaded before a script imports no other bundle, and has copies;
 * so have two files of a module that both need and the facade does not.
 */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { build, transform } from 'esbuild'
import { root } from './run.js'

/** The package's own. */
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const BUILT = join(root, 'build')
/** The namespace, in esbuild, of modules that the facade lends. */
const LENT = 'lent'
/** What is loaded by itself, by its names in `dist/`; the facade comes first. */
const ENTRIES = {
  index: join(BUILT, 'index.js'),
  verbs: join(BUILT, 'verbs.js'),
  serving: join(BUILT, 'serving/index.js'),
  cli: join(BUILT, 'cli/index.js'),
  bundled: join(BUILT, 'bundled.js'),
  bin: join(BUILT, 'bin.js'),
  'restart-helper': join(BUILT, 'restart/helper.js'),
}
/** Files that others load, and never take into their own bundle. */
const APART = new Map(['index', 'verbs', 'serving', 'cli'].map((name) => [ENTRIES[name], `./${name}.js`]))

/**
 * Removes comments: esbuild keeps those of class members, and each import would have to read them. Removes the steps at
 * which a test can stop a process, too, unless the build is one for tests.
 */
function withoutComments(seams) {
  return {
    name: 'without comments',
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/, namespace: 'file' }, async ({ path }) => {
        const text = readFileSync(path, 'utf8')
        const shipped = seams ? text : text.replace(/^\s*seam\(.*\);$/gm, '')
        const { code } = await transform(shipped, { minifyWhitespace: true, legalComments: 'none' })
        return { contents: code }
      })
    },
  }
}

const common = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
  define: { DAIMON_VERSION: JSON.stringify(version) },
}

/**
 * The facade, files that take the rest from it, and what is loaded before a script.
 *
 * @param options outdir; seams: whether a test can stop a process at the package's steps
 */
export async function bundles({ outdir = 'dist', seams = false } = {}) {
  const owners = await ownersOfModules(seams)
  const plugins = [withoutComments(seams)]
  const base = { ...common, plugins, outdir }
  const esm = { ...base, format: 'esm' }
  return [
    ...Object.entries(ENTRIES).map(([name, entry]) => {
      return { ...esm, entryPoints: { [name]: entry }, plugins: [apart(name, owners), ...plugins] }
    }),
    { ...esm, entryPoints: { settle: join(BUILT, 'inside/import-hook.js') } },
    {
      ...base,
      define: { ...base.define, DAIMON_REQUIRE: 'require' },
      entryPoints: { preload: join(BUILT, 'inside/preload.js'), kept: join(BUILT, 'kept/index.js') },
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      // CommonJS has no `import.meta.url`; `package-files.ts` finds its folder without it.
      logOverride: { 'empty-import-meta': 'silent' },
    },
  ]
}

/**
 * Of each module the bundle that lends it, or has it for itself: the facade, if it needs the module, else the first
 * that does. Others have copies of what the facade does not need: an import of the package would pay for it. The helper
 * of restarts is a process of its own, and has copies of all that it needs.
 */
async function ownersOfModules(seams) {
  const users = new Map()
  for (const [name, entry] of Object.entries(ENTRIES)) {
    for (const module of await modulesOf(name, entry, seams)) {
      users.set(module, [...(users.get(module) ?? []), name])
    }
  }
  // In the order of ENTRIES, so that the facade is the first.
  return new Map([...users].map(([module, [first]]) => [module, first]))
}

/** The modules of which something would be in a bundle that stands alone. */
async function modulesOf(name, entry, seams) {
  const plugins = [apart(name, new Map()), withoutComments(seams)]
  const options = { ...common, entryPoints: [entry], format: 'esm', plugins, metafile: true, write: false }
  const { metafile } = await build(options)
  const [{ inputs }] = Object.values(metafile.outputs)
  const found = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  return found.map(([path]) => join(root, path))
}

/** The names that other bundles import of the facade's modules, by module. */
function lentModules(owners) {
  const lent = new Map()
  for (const [importer, owner] of owners) {
    if (owner === 'index' || !importer.startsWith(BUILT)) continue
    // The compiler writes each import on a line of its own.
    const imports = readFileSync(importer, 'utf8').matchAll(/^import \{([^}]*)\} from '(\.[^']*)';$/gm)
    for (const [, names, from] of imports) {
      const module = resolve(dirname(importer), from)
      if (owners.get(module) !== 'index' || APART.has(module)) continue
      const all = lent.get(module) ?? new Set()
      for (const name of names.split(',').map((one) => one.trim())) {
        if (name !== '') all.add(name.split(' as ')[0])
      }
      lent.set(module, all)
    }
  }
  return lent
}

/**
 * Leaves files that others load apart, and lends modules of the facade to the others. Modules are told by their
 * absolute paths, wherever they are imported from.
 */
function apart(bundle, owners) {
  const lent = lentModules(owners)
  return {
    name: 'apart',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\//, namespace: LENT }, ({ path }) => ({ path, external: true }))
      onResolve({ filter: /^\.\.?\// }, ({ path, kind, importer }) => {
        if (kind === 'entry-point') return undefined
        const target = resolve(dirname(importer), path)
        if (APART.has(target)) {
          // The facade loads the others, and gives them all of itself.
          const isOwn = target === ENTRIES.index && bundle === 'index'
          return isOwn ? undefined : { path: APART.get(target), external: true }
        }
        if (bundle === 'index' || owners.get(target) !== 'index') return undefined
        // The bundle names it in a comment: no path of the machine that builds.
        return { path: slashed(relative(root, target)), namespace: LENT }
      })
      onLoad({ filter: /./, namespace: LENT }, ({ path }) => {
        const module = join(root, path)
        const names = lent.get(module)
        // `lentModules` finds only imports that are written `import { … } from`.
        if (names === undefined)
          throw new Error(`build: the facade lends no names of ${path} to ${bundle}.js`)
        return {
          contents: `import { internals } from './index.js'
            export const { ${[...names].join(', ')} } = internals()['${keyOf(module)}']`,
        }
      })
      onLoad({ filter: /./ }, async ({ path }) => {
        if (bundle !== 'index' || path !== ENTRIES.index || lent.size === 0) return undefined
        return { contents: `${await readFile(path, 'utf8')}\n${lending(lent)}`, resolveDir: BUILT }
      })
    },
  }
}

/** A path as in an import, whatever this machine separates folders with. */
const slashed = (path) => path.replaceAll(sep, '/')

/** A module's name among those that are lent. */
const keyOf = (module) => slashed(relative(BUILT, module)).replace(/\.js$/, '')

/** The function by which the facade lends its modules. A function: an import of the package does not pay for it. */
function lending(lent) {
  const modules = [...lent].map(([module, names], at) => {
    const pairs = [...names].map((name) => [name, `lent${at}_${name}`])
    return {
      imports: `import { ${pairs.map((pair) => pair.join(' as ')).join(', ')} } from './${keyOf(module)}.js';`,
      entry: `'${keyOf(module)}': { ${pairs.map((pair) => pair.join(': ')).join(', ')} }`,
    }
  })
  const imports = modules.map(({ imports }) => imports).join('\n')
  return `${imports}\nexport function internals() { return { ${modules.map(({ entry }) => entry).join(', ')} } }`
}
