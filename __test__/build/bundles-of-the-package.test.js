// The bundles of the package: which module is in which of them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const { bundles } = await import('../../scripts/lib/bundles.js')

/** Loaded before a script, where nothing else of the package may be. */
const STAND_ALONE = ['preload.cjs', 'kept.cjs', 'settle.js']

/** What is in these, and for the most part in the facade as well: adoption, and the beginning of a script. */
const PRELOADED = [
  'binding/is-whole',
  'binding/load',
  'binding/load-failure',
  'binding/node-errors',
  'binding/package-files',
  'binding/platform',
  'binding/require',
  'binding/shared',
  'binding/signal-numbers',
  'binding/single-executable',
  'handover/payload',
  'handover/private-folder',
  'handover/thrown',
  'handover/told-error',
  'handover/told-text',
  'handover/variable',
  'handover/version',
  'inside/adopt',
  'inside/begin-script',
  'inside/compile-cache',
  'inside/import-hook',
  'inside/import-module',
  'inside/kept-body',
  'inside/main-module',
  'inside/preload',
  'inside/ready',
  'inside/reopen',
  'inside/rotation',
  'inside/signals/actions',
  'inside/signals/asking',
  'inside/signals/delivered',
  'inside/signals/kept-listeners',
  'inside/state',
  'inside/stderr',
  'inside/uncaught',
  'kept/drain',
  'kept/index',
  'kept/inherit',
  'kept/internals',
  'kept/listen',
  'kept/supervisor',
  'timer',
  'turn',
]

/** What two files need and the facade does not: each has a copy, so they must be without state. */
const COPIED = ['options/executable-file', 'options/folder', 'options/paths', 'options/script']

/** A module of types alone, or one that only names others. */
const EMPTY = /^(?:\s|\/\*[\s\S]*?\*\/|export \{[^}]*\}(?: from '[^']*')?;)*$/

/** The modules of each bundle of which something is in it. */
async function modules() {
  const { build } = await import('esbuild')
  const found = {}
  for (const options of await bundles()) {
    const { metafile } = await build({ ...options, metafile: true, write: false })
    for (const [output, { inputs }] of Object.entries(metafile.outputs)) {
      const names = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      found[output.replace('dist/', '')] = names
        .map(([name]) => name)
        .filter((name) => name.startsWith('build/'))
    }
  }
  return found
}

needs('esbuild')(
  'each module of the package is in one bundle, but for functions that two of them need',
  async (t) => {
    const found = await modules()
    t.deepEqual(Object.keys(found).toSorted(), [
      'bin.js',
      'bundled.js',
      'cli.js',
      'index.js',
      'kept.cjs',
      'preload.cjs',
      'restart-helper.js',
      'serving.js',
      'settle.js',
      'verbs.js',
    ])
    const apart = Object.entries(found).filter(([name]) => !STAND_ALONE.includes(name))
    // The helper of restarts is a process of its own, which loads no verbs.
    const alone = (name, names) =>
      name === 'restart-helper.js' ? names.filter((one) => !found['verbs.js'].includes(one)) : names
    const all = apart.flatMap(([name, names]) => alone(name, names))
    const copied = all.filter((name, at) => all.indexOf(name) !== at)
    t.deepEqual(
      copied.toSorted(),
      COPIED.map((name) => `build/${name}.js`),
    )
    const state = /^(?:export )?(?:let |class |const \w+ = new (?!Set\(\[))/m
    for (const name of copied) t.notRegex(readFileSync(join(ROOT, name), 'utf8'), state, name)
    t.true(all.length > 80, all.join(' '))
  },
)

needs('esbuild')('what is loaded before a script is small, and known by name', async (t) => {
  const found = await modules()
  t.deepEqual(
    [...new Set(STAND_ALONE.flatMap((name) => found[name]))].toSorted(),
    PRELOADED.map((name) => `build/${name}.js`).toSorted(),
  )
  // It calls what the preload has left in the state, and has no copy of that.
  t.deepEqual(found['settle.js'], ['build/binding/shared.js', 'build/inside/import-hook.js'])
})

needs('esbuild')('the licence of what is bundled names the file that contains it', async (t) => {
  const { build } = await import('esbuild')
  const found = []
  for (const options of await bundles()) {
    const { metafile } = await build({ ...options, metafile: true, write: false })
    for (const [output, { inputs }] of Object.entries(metafile.outputs)) {
      const names = Object.keys(inputs).filter((name) => inputs[name].bytesInOutput > 0)
      const packages = names.flatMap(
        (name) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1] ?? [],
      )
      found.push(...[...new Set(packages)].map((name) => `${output} contains ${name}`))
    }
  }
  t.deepEqual(found, ['dist/verbs.js contains resolve.exports'])
  const licence = readFileSync(join(ROOT, 'LICENSE'), 'utf8')
  t.deepEqual(licence.match(/^dist\/\S+ contains [^\s,]+/gm), found)
})

needs('esbuild')('a module that is in no bundle has nothing in it', async (t) => {
  const found = new Set(Object.values(await modules()).flat())
  const files = readdirSync(join(ROOT, 'build'), { recursive: true }).filter((name) => name.endsWith('.js'))
  t.true(files.length > 100)
  // The steps at which tests stop a process are left out of what is shipped, and must be.
  t.false(found.has('build/binding/seam.js'))
  const left = files.filter((name) => !found.has(`build/${name}`) && name !== 'binding/seam.js')
  for (const name of left) t.regex(readFileSync(join(ROOT, 'build', name), 'utf8'), EMPTY, name)
})
