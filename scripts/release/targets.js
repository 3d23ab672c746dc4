// The platforms for which daimon is published, from `napi.targets` in package.json.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTriple } from '@napi-rs/cli'
import { root } from '../lib/run.js'

const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The oldest glibc with which the published binaries run: that of CentOS 7. Node 20 itself accepts no older one. */
export const GLIBC_FLOOR = '2.17'

/** The oldest macOS on which the binaries run: the same as for Node 20's own. */
export const MACOS_FLOOR = '11.0'

/** A platform: its triple, its name by napi's conventions (`linux-x64-gnu`), and its binary's name. */
function describe(triple) {
  const { platform, arch, abi, platformArchABI } = parseTriple(triple)
  // A binary for Windows needs no library but the system's own, whatever linker has made it.
  const name = platform === 'win32' ? `${platform}-${arch}` : platformArchABI
  const libc = platform === 'win32' ? null : abi
  const binary = `${napi.binaryName}.${name}.node`
  return { triple, name, platform, arch, libc, binary, package: `${napi.binaryName}-${name}` }
}

export const targets = napi.targets.map(describe)

/** The Windows platforms, for which daimon is built but not published. Only the first one can be tested: by wine. */
export const windowsTargets = ['x86_64-pc-windows-gnullvm', 'aarch64-pc-windows-gnullvm'].map(describe)

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
