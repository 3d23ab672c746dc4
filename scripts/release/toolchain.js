// Sets up the cross build for all platforms: zig as the linker, by cargo-zigbuild, and a Rust that has their std.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { aptInstall } from '../lib/apt.js'
import { python } from '../lib/python.js'
import { output, root } from '../lib/run.js'
import { MACOS_FLOOR, targets } from './targets.js'

const tools = join(root, 'target/tools')

/** Debian's packages of the compiler and of the sources of its std, which is then built for each target. */
const DEBIAN = ['rustc-web', 'cargo-web', 'rust-web-src', 'libstd-rust-web-dev']

/** Whether rustup has the std of each of these targets, so that its compiler can be used: std is not built then. */
export const allByRustup = (chosen) => {
  const installed = output('rustup', ['target', 'list', '--installed']).split('\n')
  return chosen.every(({ triple }) => installed.includes(triple))
}

/**
 * Makes the command rust-objcopy, by which rustc strips Mach-O files, and gives its folder. Debian's compiler lacks it;
 * rustup's is not on PATH and needs the libraries of its compiler.
 */
async function shim() {
  const sysroot = output('rustc', ['--print', 'sysroot'])
  const host = output('rustc', ['-vV']).match(/^host: (.*)$/m)?.[1]
  const tool = join(sysroot, 'lib/rustlib', String(host), 'bin/rust-objcopy')
  const [command, libraries] = existsSync(tool) ? [tool, join(sysroot, 'lib')] : ['llvm-objcopy', '']
  if (libraries === '') await aptInstall('llvm')
  const folder = join(tools, 'shim')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'rust-objcopy')
  writeFileSync(file, `#!/bin/sh\nLD_LIBRARY_PATH='${libraries}' exec '${command}' "$@"\n`)
  chmodSync(file, 0o755)
  return folder
}

/**
 * Makes the library of Node.js that napi's build for Windows asks for, and gives its folder. The library is empty,
 * because the binary looks Node's functions up at run time (napi's feature `dyn-symbols`).
 */
function emptyNode() {
  const folder = join(tools, 'libnode')
  mkdirSync(folder, { recursive: true })
  const archive = '!<arch>\n'
  for (const [name, text] of Object.entries({ 'libnode.dll': '', 'libnode.a': archive, 'node.lib': archive }))
    writeFileSync(join(folder, name), text)
  return folder
}

/**
 * The environment in which `cargo zigbuild` builds for the `chosen` targets, its arguments, and the folders whose paths
 * must not be in a binary. `more` are further Debian packages; with `tests` the std includes the parts that tests need.
 */
export async function toolchain({ chosen = targets, tests = false, more = [] } = {}) {
  const scripts = await python()
  const env = {
    ...process.env,
    MACOSX_DEPLOYMENT_TARGET: MACOS_FLOOR,
    CARGO_TARGET_DIR: join(root, 'target/cross'),
    // The linker puts this time into a DLL, by default that of the build.
    SOURCE_DATE_EPOCH: '0',
    LIBNODE_PATH: emptyNode(),
  }
  if (allByRustup(chosen)) {
    const sysroot = output('rustc', ['--print', 'sysroot'])
    return { env: { ...env, PATH: `${scripts}:${env.PATH}` }, args: [], sources: [sysroot] }
  }
  await aptInstall(...DEBIAN, ...more)
  const path = [await shim(), scripts, '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(':')
  return {
    // RUSTC_BOOTSTRAP lets a stable compiler use -Zbuild-std, which is otherwise for nightly ones.
    env: { ...env, PATH: path, CARGO: '/usr/bin/cargo', RUSTC: '/usr/bin/rustc', RUSTC_BOOTSTRAP: '1' },
    args: [`-Zbuild-std=std,panic_unwind${tests ? ',test' : ''}`],
    sources: ['/usr/lib/rustlib/src/rust', '/usr/src'],
  }
}
