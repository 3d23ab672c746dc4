// Runs cargo for Windows, and the programs that it builds by wine.
import { join } from 'node:path'
import { root } from '../lib/run.js'
import { targets } from '../release/targets.js'
import { toolchain } from '../release/toolchain.js'

/** The platform whose programs wine runs. */
export const WINDOWS = targets.find(({ platform, arch }) => platform === 'win32' && arch === 'x64')

/** The commands that link, and hence need zig, and clippy: `cargo clippy` may find another compiler's. */
const COMMANDS = {
  build: ['cargo-zigbuild', 'zigbuild'],
  test: ['cargo-zigbuild', 'test'],
  run: ['cargo-zigbuild', 'run'],
  clippy: ['cargo-clippy', 'clippy'],
}

/** The command for a verb of cargo, its arguments, and its environment. */
export async function cargoForWindows(verb) {
  const more = verb === 'clippy' ? ['rust-web-clippy'] : []
  const { env, args } = await toolchain({ chosen: [WINDOWS], tests: true, more })
  const runner = `CARGO_TARGET_${WINDOWS.triple.toUpperCase().replaceAll('-', '_')}_RUNNER`
  const wine = [process.execPath, join(root, 'scripts/foreign/wine.js'), '--exe'].join(' ')
  return {
    command: COMMANDS[verb] ?? ['cargo', verb],
    args: ['--target', WINDOWS.triple, ...args],
    env: { ...env, [runner]: wine },
  }
}
