// What npm would publish: contents, manifests, and what publint and attw say of them; rows of `release:dry`.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.js'
import { rowsOf } from './rows.js'
import { packages } from './targets.js'
import { tool } from './tools.js'

const PLATFORM_FILES = ['LICENSE', 'README.md', 'package.json']

/** The root's: the facade and its types, and what a reader wants. */
const ROOT_FILES = [
  /^dist\/(?:[\w-]+\/)*[\w-]+\.(?:js|cjs|d\.ts|d\.cts)$/,
  /^(?:docs\/[\w-]+\.md|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/,
]

/** A root package of more bytes than this, unpacked, has taken something along. */
const MAX_BYTES = 700_000

/** What other files of the package load by name. */
const LOADED = ['dist/preload.cjs', 'dist/settle.js', 'dist/restart-helper.js', 'dist/cli.js']

/** The guides that README leads to. */
function linked(folder) {
  const text = readFileSync(join(folder, 'README.md'), 'utf8')
  return [...text.matchAll(/\]\((docs\/[\w-]+\.md)/g)].map(([, path]) => path)
}

const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** What `npm pack` would put in. */
function packed(folder) {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const [listing] = Object.values(JSON.parse(execFileSync('npm', args, { cwd: folder, encoding: 'utf8' })))
  return { files: listing.files.map(({ path }) => path), bytes: listing.unpackedSize }
}

/** A tool's verdict: all that it prints, where it has something to complain about. */
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
  dependencies(folder, targets) {
    const { version, dependencies, optionalDependencies } = manifest(folder)
    if (dependencies) throw `dependencies: ${Object.keys(dependencies)}`
    const want = Object.fromEntries(targets.map((target) => [target.package, version]))
    if (JSON.stringify(optionalDependencies) !== JSON.stringify(want))
      throw JSON.stringify(optionalDependencies)
    return `none; ${targets.length} optional, exact`
  },
  publint: (folder) => verdict('publint', ['--strict', folder]),
  // Of the sources, whose comments are what it publishes.
  typedoc: () => verdict('typedoc', ['--options', join(root, 'typedoc.json')]),
  attw: (folder) =>
    verdict('@arethetypeswrong/cli', ['--pack', folder, '--profile', 'esm-only', '--no-emoji']),
}

const platformChecks = {
  contents(folder, { binary }) {
    const { files, bytes } = packed(folder)
    const want = [...PLATFORM_FILES, binary].toSorted()
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
  publint: (folder) => verdict('publint', ['--strict', folder]),
}

/** Rows of every check of every package: { what, check, ok, shown }. */
export async function checkPackages(targets) {
  const root = rowsOf('daimon', rootChecks, join(packages, 'daimon'), targets)
  const each = targets.map((target) =>
    rowsOf(target.package, platformChecks, join(packages, target.name), target),
  )
  return (await Promise.all([root, ...each])).flat()
}
