// The platforms that daimon is published for, as `napi.targets` in package.json names them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTriple } from '@napi-rs/cli'
import { root } from '../lib/run.js'

const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The oldest glibc that the published binaries run with: CentOS 7's, and the oldest that Node 20 itself accepts. */
export const GLIBC_FLOOR = '2.17'

/** The oldest macOS, that of Node 20's own binaries. */
export const MACOS_FLOOR = '11.0'

/** One platform: its triple, its name by napi's conventions (`linux-x64-gnu`), the file that it gets. */
export const targets = napi.targets.map((triple) => {
  const { platform, arch, abi, platformArchABI: name } = parseTriple(triple)
  const binary = `${napi.binaryName}.${name}.node`
  return { triple, name, platform, arch, libc: abi, binary, package: `${napi.binaryName}-${name}` }
})

const glibc = process.report.getReport().header.glibcVersionRuntime

/** The one that this process runs on; undefined where there is none. */
export const host = targets.find(
  ({ platform, arch, libc }) =>
    platform === process.platform &&
    arch === process.arch &&
    (libc === null || (libc === 'gnu') === Boolean(glibc)),
)

/** Where the cross build puts the binaries. */
export const binaries = join(root, 'target/binaries')

/** Where the packages are assembled: the root's in `daimon`, each platform's under its name. */
export const packages = join(root, 'npm')
