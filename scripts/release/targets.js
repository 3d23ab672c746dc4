// The platforms for which daimon is published: those of `napi.targets` in package.json, and those for Windows.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.js'

const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The oldest glibc with which the published binaries run: that of CentOS 7. Node 20 itself accepts no older one. */
export const GLIBC_FLOOR = '2.17'

/** The oldest macOS on which the binaries run: the same as for Node 20's own. */
export const MACOS_FLOOR = '11.0'

/** The oldest Windows on which the binaries run: the same as for Node 20's own. */
export const WINDOWS_FLOOR = '10.0'

/** Node's names for the processors and systems of triples. */
const ARCHES = { x86_64: 'x64', aarch64: 'arm64' }
const PLATFORMS = { linux: 'linux', darwin: 'darwin', windows: 'win32' }

/**
 * A platform: its triple, its name by napi's conventions (`linux-x64-gnu`), and its binary's name. Linux has a name for
 * each C library. A binary for Windows needs no library but the system's own, whatever linker has made it.
 */
function describe(triple) {
  const [cpu, , system, abi] = triple.split('-')
  const platform = PLATFORMS[system]
  const arch = ARCHES[cpu]
  const libc = platform === 'linux' ? abi : null
  const name = [platform, arch, libc].filter(Boolean).join('-')
  const binary = `${napi.binaryName}.${name}.node`
  return { triple, name, platform, arch, libc, binary, package: `${napi.binaryName}-${name}` }
}

/**
 * The triples for Windows. They are not in `napi.targets`, because napi would name the packages by the linker, too
 * (`win32-x64-gnullvm`). gnullvm and not msvc, because a binary for that needs Microsoft's SDK.
 */
const WINDOWS = ['x86_64-pc-windows-gnullvm', 'aarch64-pc-windows-gnullvm']

export const targets = [...napi.targets, ...WINDOWS].map(describe)

/** The name of the keeper's executable in a platform's package, and beside a binary. */
export const KEEPER = 'daimon-keeper'

/** The platforms of keepers, which Windows has none of: one for each Linux, since it needs no C library. */
export const keepers = targets
  .filter(({ platform, libc }) => platform === 'darwin' || libc === 'musl')
  .map(({ triple, platform, arch }) => ({ triple, platform, arch, file: `${KEEPER}.${platform}-${arch}` }))

/** The file of a platform's keeper among the cross build's binaries; undefined where there is none. */
export function keeperOf({ platform, arch }) {
  return keepers.find((keeper) => keeper.platform === platform && keeper.arch === arch)?.file
}

const glibc = process.report.getReport().header.glibcVersionRuntime

/** The platform of this process; undefined if daimon is not published for it. */
export const host = targets.find(
  ({ platform, arch, libc }) =>
    platform === process.platform &&
    arch === process.arch &&
    (libc === null || (libc === 'gnu') === Boolean(glibc)),
)

/** The folder of the cross build's binaries. */
export const binaries = join(root, 'target/binaries')

/** The folder of the packages: the root's in `daimon`, each platform's under the platform's name. */
export const packages = join(root, 'npm')
