/** A nightly Rust, for what the stable one cannot do, and what must be installed beside it. */

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { output, root, run } from '../../scripts/lib/run.js'
import { Unavailable } from './part.js'

/** The version that `fuzz/` is known to work with. */
const CARGO_FUZZ = '0.13.2'

/** The target of this machine, which some of the nightly's flags want to be told. */
export const host = () => output('rustc', ['-vV']).match(/^host: (.*)$/m)?.[1]

/** What a part builds goes there. */
export const target = (name) => join(root, 'target', name)

async function rustup(...args) {
  if ((await run('rustup', args)) !== 0) throw new Unavailable(`rustup ${args.join(' ')} has failed`)
}

/**
 * Gets a nightly compiler with these components by rustup, unless they are there.
 *
 * @throws Unavailable
 */
export function nightly(...components) {
  // One after the other: parts that run beside each other want different components of one toolchain.
  const own = last.then(() => install(components))
  last = own.catch(() => {})
  return own
}

let last = Promise.resolve()

async function install(components) {
  if (output('rustup', ['--version']) === '')
    throw new Unavailable('it needs a nightly Rust, and this machine has no rustup to get one')
  if (output('cargo', ['+nightly', '--version']) === '')
    await rustup('toolchain', 'install', 'nightly', '--profile', 'minimal')
  const installed = output('rustup', ['component', 'list', '--toolchain', 'nightly', '--installed']).split(
    '\n',
  )
  const missing = components.filter(
    (name) => !installed.some((one) => one === name || one.startsWith(`${name}-`)),
  )
  if (missing.length > 0) await rustup('component', 'add', '--toolchain', 'nightly', ...missing)
}

/**
 * Gets cargo-fuzz, and gives the environment in which cargo finds it.
 *
 * @throws Unavailable
 */
export async function cargoFuzz() {
  await nightly()
  // libFuzzer itself is C++.
  if (output('c++', ['--version']) === '')
    throw new Unavailable('libFuzzer needs a C++ compiler, c++ (Debian: g++)')
  const tools = target('tools')
  if (!existsSync(join(tools, 'bin/cargo-fuzz'))) {
    // Below target/, where it is no rubbish if this is interrupted.
    const places = ['--root', tools, '--target-dir', join(tools, 'build')]
    const args = ['install', 'cargo-fuzz', '--locked', '--version', CARGO_FUZZ, ...places]
    if ((await run('cargo', args)) !== 0) throw new Unavailable('cargo cannot install cargo-fuzz')
    rmSync(join(tools, 'build'), { recursive: true, force: true })
  }
  return { ...process.env, PATH: `${join(tools, 'bin')}:${process.env.PATH}` }
}
