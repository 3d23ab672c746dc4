// What links for all six platforms from one: zig as the linker, by cargo-zigbuild, and a Rust that has their std.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../lib/leg.js'
import { root, run } from '../lib/run.js'
import { MACOS_FLOOR, targets } from './targets.js'

const tools = join(root, 'target/tools')
const venv = join(tools, 'python')

/** From PyPI: the linker, its driver, the reader of ELF and Mach-O files, and the workflows' auditor. */
const PYTHON = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.1', 'lief==1.0.0', 'zizmor==1.32.0']

/** Debian's compiler comes with the sources of its std, which is then built for each target. */
const DEBIAN = ['rustc-web', 'cargo-web', 'rust-web-src', 'libstd-rust-web-dev']

const output = (command, args) => {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : ''
}

/** Installs Debian packages, unless they are installed. */
export async function debian(...names) {
  const missing = names.filter(
    (name) => !output('dpkg', ['--status', name]).includes('Status: install ok installed'),
  )
  if (missing.length === 0) return
  const what = missing.join(' ')
  if (output('apt-get', ['--version']) === '')
    throw new Unavailable(`${what}: Debian's, and there is no apt-get`)
  if (process.getuid() !== 0) throw new Unavailable(`only root can install ${what}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const foreign = new Set(missing.map((name) => name.split(':')[1]).filter(Boolean))
  for (const architecture of foreign) await run('dpkg', ['--add-architecture', architecture])
  await run('apt-get', ['update', '-qq'], { env })
  const code = await run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', ...missing], { env })
  if (code !== 0) throw new Unavailable(`apt-get could not install ${what}`)
}

/** The folder with the Python tools' commands. */
export async function python() {
  const stamp = join(venv, PYTHON.join(' '))
  if (existsSync(stamp)) return join(venv, 'bin')
  mkdirSync(tools, { recursive: true })
  if ((await run('python3', ['-m', 'venv', '--clear', venv])) !== 0) {
    await debian('python3-venv')
    if ((await run('python3', ['-m', 'venv', '--clear', venv])) !== 0)
      throw new Unavailable('python3 makes no venv')
  }
  const pip = ['install', '--quiet', '--disable-pip-version-check', ...PYTHON]
  if ((await run(join(venv, 'bin/pip'), pip)) !== 0)
    throw new Unavailable(`pip could not install ${PYTHON.join(' ')}`)
  writeFileSync(stamp, '')
  return join(venv, 'bin')
}

/** Whether rustup has the std of every target: then the usual compiler does. */
const allByRustup = () => {
  const installed = output('rustup', ['target', 'list', '--installed']).split('\n')
  return targets.every(({ triple }) => installed.includes(triple))
}

/** rustc strips Mach-O files by this name, which Debian's compiler lacks; rustup's lies off PATH and needs its libraries. */
async function shim() {
  const sysroot = output('rustc', ['--print', 'sysroot'])
  const host = output('rustc', ['-vV']).match(/^host: (.*)$/m)?.[1]
  const tool = join(sysroot, 'lib/rustlib', String(host), 'bin/rust-objcopy')
  const [command, libraries] = existsSync(tool) ? [tool, join(sysroot, 'lib')] : ['llvm-objcopy', '']
  if (libraries === '') await debian('llvm')
  const folder = join(tools, 'shim')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'rust-objcopy')
  writeFileSync(file, `#!/bin/sh\nLD_LIBRARY_PATH='${libraries}' exec '${command}' "$@"\n`)
  chmodSync(file, 0o755)
  return folder
}

/**
 * The environment in which `cargo zigbuild` builds for all targets, the arguments that it needs there, and the folders
 * whose names have no place in a binary. `more` are Debian packages beside its compiler; with `tests` there is what the
 * tests need of std, too.
 */
export async function toolchain({ tests = false, more = [] } = {}) {
  const scripts = await python()
  const env = {
    ...process.env,
    MACOSX_DEPLOYMENT_TARGET: MACOS_FLOOR,
    CARGO_TARGET_DIR: join(root, 'target/cross'),
  }
  if (allByRustup()) {
    const sysroot = output('rustc', ['--print', 'sysroot'])
    return { env: { ...env, PATH: `${scripts}:${env.PATH}` }, args: [], sources: [sysroot] }
  }
  await debian(...DEBIAN, ...more)
  const path = [await shim(), scripts, '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(':')
  return {
    // The features of -Zbuild-std are nightly's; this lets a stable compiler have them.
    env: { ...env, PATH: path, CARGO: '/usr/bin/cargo', RUSTC: '/usr/bin/rustc', RUSTC_BOOTSTRAP: '1' },
    args: [`-Zbuild-std=std,panic_unwind${tests ? ',test' : ''}`],
    sources: ['/usr/lib/rustlib/src/rust', '/usr/src'],
  }
}
