// Builds the binaries of all platforms on one machine.
import { copyFileSync, mkdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { latest } from '../lib/latest.js'
import { root, run } from '../lib/run.js'
import { binaries, GLIBC_FLOOR } from './targets.js'
import { toolchain } from './toolchain.js'

/** Flags that keep the build's folders and the linker's own file name out of a binary. */
function flags({ triple, binary, platform, libc }, sources) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo')
  const folders = [...sources.flatMap((path) => [path, realpathSync(path)]).map((path) => [path, '/rust'])]
  folders.push([cargoHome, '/cargo'], [root.replace(/\/$/, ''), '/daimon'])
  const rustflags = folders.map(([from, to]) => `--remap-path-prefix=${from}=${to}`)
  // The default for musl is a static library, which Node.js cannot load.
  if (libc === 'musl') rustflags.push('-Ctarget-feature=-crt-static')
  if (platform === 'darwin') {
    // Name only the libraries that are needed: zig would name every library that a crate mentions.
    const linker = [`-install_name,@rpath/${binary}`, '-dead_strip_dylibs']
    rustflags.push(...linker.map((flag) => `-Clink-arg=-Wl,${flag}`))
  }
  return ['--config', `target.${triple}.rustflags=${JSON.stringify(rustflags)}`]
}

/** The name that cargo gives the library. */
const BUILT = { linux: 'libdaimon_node.so', darwin: 'libdaimon_node.dylib', win32: 'daimon_node.dll' }

/** What a binary is made of. */
const SOURCES = ['crates', 'Cargo.toml', 'Cargo.lock', 'scripts/release'].map((name) => join(root, name))

/**
 * Builds the binaries of these targets that are missing or older than their sources. It takes those of a release, which
 * cargo would not: it gives a crate the features that any target of a build asks for, so that a build of other targets
 * has other crates (`windows-sys`, `bitflags`, and what needs them).
 */
export async function crossBuildIfNeeded(chosen) {
  const changed = latest(SOURCES, true)
  const old = chosen.filter(({ binary }) => latest([join(binaries, binary)]) <= changed)
  if (old.length > 0) await crossBuild(old)
}

/** Builds the binaries of these targets into `target/binaries`. */
export async function crossBuild(chosen) {
  const { env, args, sources } = await toolchain({ chosen })
  const each = chosen.flatMap((target) => {
    const zig = target.libc === 'gnu' ? `${target.triple}.${GLIBC_FLOOR}` : target.triple
    return ['--target', zig, ...flags(target, sources)]
  })
  const cargo = ['zigbuild', '-p', 'daimon-node', '--release', '--locked', ...args, ...each]
  if ((await run('cargo', cargo, { env })) !== 0) throw new Error('the cross build failed')
  mkdirSync(binaries, { recursive: true })
  for (const { triple, platform, binary } of chosen) {
    copyFileSync(join(env.CARGO_TARGET_DIR, triple, 'release', BUILT[platform]), join(binaries, binary))
  }
}
