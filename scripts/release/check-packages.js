// Checks what npm would publish: contents, manifests, and the verdicts of publint and attw. Rows of `release:dry`.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.js'
import { rowsOf } from './rows.js'
import { KEEPER, keeperOf, keepers, packages } from './targets.js'
import { allByRustup } from './toolchain.js'
import { tool } from './tools.js'

const PLATFORM_FILES = ['LICENSE', 'README.md', 'package.json']

/** The files of the root's package: the facade and its types, and documents. */
const ROOT_FILES = [
  /^dist\/(?:[\w-]+\/)*[\w-]+\.(?:js|cjs|d\.ts|d\.cts)$/,
  /^(?:docs\/[\w-]+\.md|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/,
]

/** The largest size of the root's package, unpacked. A larger one contains something that it should not. */
const MAX_BYTES = 900_000

/** The largest size of a keeper. macOS has its parts in pages of 4 and 16 kB. */
const MAX_KEEPER = { linux: 150_000, darwin: 175_000 }
/** The same, with a std that was not built for it. */
const MAX_KEEPER_WITH_STD = 600_000

/** Files that other files of the package load by name. */
const LOADED = [
  'dist/preload.cjs',
  'dist/kept.cjs',
  'dist/settle.js',
  'dist/restart-helper.js',
  'dist/verbs.js',
  'dist/serving.js',
  'dist/cli.js',
]

/** The guides to which README.md links. */
function linked(folder) {
  const text = readFileSync(join(folder, 'README.md'), 'utf8')
  return [...text.matchAll(/\]\((docs\/[\w-]+\.md)/g)].map(([, path]) => path)
}

const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** The files that `npm pack` would pack, and their size. */
function packed(folder) {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const [listing] = Object.values(JSON.parse(execFileSync('npm', args, { cwd: folder, encoding: 'utf8' })))
  return { files: listing.files.map(({ path }) => path), bytes: listing.unpackedSize }
}

/** A tool's verdict; throws all of its output if the tool complains. */
function verdict(name, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool(name), ...args], { encoding: 'utf8' })
  if (status !== 0) throw `${stdout}${stderr}`.trim()
  return 'no complaint'
}

const rootChecks = {
  contents(folder) {
    const { files, bytes } = packed(folder)
    const strange = files.filter((path) => !ROOT_FILES.some((pattern) => pattern.test(path)))
    if (strange.length > 0) throw `not expected: ${strange.join(' ')}`
    const { bin, exports } = manifest(folder)
    const promised = [...Object.values(bin), ...Object.values(exports['.'])].map((path) => path.slice(2))
    const missing = [...promised, ...LOADED, ...linked(folder)].filter((path) => !files.includes(path))
    if (missing.length > 0) throw `missing: ${missing.join(' ')}`
    if (bytes > MAX_BYTES) throw `${bytes} bytes, over ${MAX_BYTES}`
    return `${files.length} files, ${Math.round(bytes / 1000)} kB`
  },
  // ts/binding/seam.ts
  seams(folder) {
    const scripts = packed(folder).files.filter((path) => /\.c?js$/.test(path))
    const found = scripts.filter((path) => /\bseam\(/.test(readFileSync(join(folder, path), 'utf8')))
    if (found.length > 0) throw `has the steps at which tests stop a process: ${found.join(' ')}`
    return `none in ${scripts.length} files`
  },
  dependencies(folder, targets) {
    const { version, dependencies, optionalDependencies } = manifest(folder)
    if (dependencies) throw `dependencies: ${Object.keys(dependencies)}`
    const want = Object.fromEntries(targets.map((target) => [target.package, version]))
    if (JSON.stringify(optionalDependencies) !== JSON.stringify(want))
      throw JSON.stringify(optionalDependencies)
    return `none; ${targets.length} optional, exact`
  },
  publint: (folder) => verdict('publint', ['--strict', folder]),
  // typedoc reads the sources, because it would publish their comments.
  typedoc: () => verdict('typedoc', ['--options', join(root, 'typedoc.json')]),
  attw: (folder) =>
    verdict('@arethetypeswrong/cli', ['--pack', folder, '--profile', 'esm-only', '--no-emoji']),
}

const platformChecks = {
  contents(folder, target) {
    const { files, bytes } = packed(folder)
    const keeper = keeperOf(target) === undefined ? [] : [KEEPER]
    const want = [...PLATFORM_FILES, target.binary, ...keeper].toSorted()
    if (files.toSorted().join(' ') !== want.join(' ')) throw files.join(' ')
    return `${files.length} files, ${Math.round(bytes / 1000)} kB`
  },
  manifest(folder, { platform, arch, libc, binary }) {
    const { os, cpu, libc: c, main, version, engines, preferUnplugged } = manifest(folder)
    const own = manifest(root)
    const facts = [os, cpu, c, main, version, engines?.node, preferUnplugged]
    const glibc = libc && [libc === 'gnu' ? 'glibc' : libc]
    const want = [[platform], [arch], glibc, binary, own.version, own.engines.node, true]
    if (JSON.stringify(facts) !== JSON.stringify(want)) throw JSON.stringify(facts)
    return [...os, ...cpu, ...(c ?? [])].join(' ')
  },
  keeper(folder, target) {
    if (keeperOf(target) === undefined) return 'none'
    const { size, mode } = statSync(join(folder, KEEPER))
    if ((mode & 0o111) === 0) throw 'cannot be executed'
    const ofSystem = keepers.filter(({ platform }) => platform === target.platform)
    const most = allByRustup(ofSystem) ? MAX_KEEPER_WITH_STD : MAX_KEEPER[target.platform]
    if (size > most) throw `${size} bytes, over ${most}`
    return `${Math.round(size / 1000)} kB`
  },
  publint: (folder) => verdict('publint', ['--strict', folder]),
}

/** The rows of all checks of all packages: { what, check, ok, shown }. */
export async function checkPackages(targets) {
  const root = rowsOf('daimon', rootChecks, join(packages, 'daimon'), targets)
  const each = targets.map((target) =>
    rowsOf(target.package, platformChecks, join(packages, target.name), target),
  )
  return (await Promise.all([root, ...each])).flat()
}
