// Runs cargo for Windows, and the programs that it builds by wine.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.js'
import { targets } from '../release/targets.js'
import { toolchain } from '../release/toolchain.js'

/** The platform whose programs wine runs. */
export const WINDOWS = targets.find(({ platform, arch }) => platform === 'win32' && arch === 'x64')

/**
 * The commands that link, and hence need zig. clippy does not, but cargo builds everything again for another linker,
 * and the std of the tests takes a minute.
 */
const COMMANDS = {
  build: ['cargo-zigbuild', 'zigbuild'],
  test: ['cargo-zigbuild', 'test'],
  run: ['cargo-zigbuild', 'run'],
  clippy: ['cargo-zigbuild', 'clippy'],
}

/** What cargo-zigbuild is to take for cargo: `cargo clippy` may find another compiler's. */
function clippyFor({ CARGO }) {
  const folder = join(root, 'target/tools/clippy')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'cargo')
  const cargo = CARGO === undefined ? '-u CARGO' : `CARGO='${CARGO}'`
  writeFileSync(file, `#!/bin/sh\nexec env ${cargo} cargo-clippy "$@"\n`)
  chmodSync(file, 0o755)
  return file
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
    env: { ...env, [runner]: wine, ...(verb === 'clippy' ? { CARGO: clippyFor(env) } : {}) },
  }
}
