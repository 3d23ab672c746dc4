// Runs Rust tests for Windows by wine.
import { join } from 'node:path'
import { root } from '../lib/run.js'
import { windowsTargets } from '../release/targets.js'
import { toolchain } from '../release/toolchain.js'

/** The platform whose programs wine runs. */
export const WINDOWS = windowsTargets.find(({ arch }) => arch === 'x64')

/** The command that builds and runs tests, its arguments, and its environment. */
export async function cargoForWindows() {
  const { env, args } = await toolchain({ chosen: [WINDOWS], tests: true })
  const runner = `CARGO_TARGET_${WINDOWS.triple.toUpperCase().replaceAll('-', '_')}_RUNNER`
  const wine = [process.execPath, join(root, 'scripts/foreign/wine.js'), '--exe'].join(' ')
  return {
    command: ['cargo-zigbuild', 'test'],
    args: ['--target', WINDOWS.triple, ...args],
    env: { ...env, [runner]: wine },
  }
}
