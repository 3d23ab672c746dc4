// The package's types in the programs of others: each way of resolving modules, with and without Node's types.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fixture, folder, ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const NODENEXT = { module: 'nodenext' }
const NODE16 = { module: 'node16', target: 'es2022' }
const BUNDLER = { module: 'preserve', moduleResolution: 'bundler' }
const WITHOUT_NODE = { lib: ['es2022'], types: [] }

/**
 * Type-checks these files in a project that has installed the package; gives what the compiler says, nothing if all is
 * right.
 */
function check(t, files, options, { nodeTypes = true } = {}) {
  const place = folder(t)
  const installed = place.file('node_modules/daimon')
  mkdirSync(join(installed, 'dist'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'))
  cpSync(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true })
  if (nodeTypes) {
    mkdirSync(place.file('node_modules/@types'))
    symlinkSync(join(ROOT, 'node_modules/@types/node'), place.file('node_modules/@types/node'))
  }
  for (const name of files) cpSync(fixture(`types/${name}`), place.file(name))
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  }
  place.write('package.json', '{ "type": "module" }')
  place.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
  const compiler = join(ROOT, 'node_modules/.bin/tsc')
  const { status, stdout, stderr } = spawnSync(compiler, [], { cwd: place.path, encoding: 'utf8' })
  t.deepEqual([status === 0, stderr], [stdout === '', ''], stdout)
  return stdout
}

for (const [name, options] of Object.entries({ nodenext: NODENEXT, node16: NODE16, bundler: BUNDLER })) {
  needs('tsc')(`right uses pass and wrong ones do not, under ${name}`, (t) => {
    t.is(check(t, ['right.ts', 'wrong.ts'], options), '')
  })

  needs('tsc')(`the types stand without those of Node, under ${name}`, (t) => {
    t.is(check(t, ['right.ts', 'wrong.ts'], { ...options, ...WITHOUT_NODE }, { nodeTypes: false }), '')
  })
}

needs('tsc')("beside a browser's types, too", (t) => {
  const options = { ...BUNDLER, lib: ['es2022', 'dom'], types: [] }
  t.is(check(t, ['right.ts', 'wrong.ts'], options, { nodeTypes: false }), '')
})

needs('tsc')('CommonJS may require() the package under nodenext, and is told why not under node16', (t) => {
  t.is(check(t, ['common.cts'], NODENEXT), '')
  t.regex(check(t, ['common.cts'], NODE16), /TS1479|TS1471|ECMAScript module/)
})
