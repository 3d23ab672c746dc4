// A copy of what the JavaScript tests need, with a binary of the cross build instead of this machine's own.
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../lib/leg.js'
import { root } from '../lib/run.js'
import { binaries } from '../release/targets.js'

const PARTS = [
  '__test__',
  'ava.config.js',
  'build',
  'dist',
  'docs',
  'examples',
  'package.json',
  'README.md',
  'ts',
  'deny.toml',
  // What README leads to, and what leads there.
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  // What the test of `bump` takes along.
  'Cargo.lock',
  'Cargo.toml',
  'package-lock.json',
  'scripts/bump.js',
  // What says which module is in which bundle.
  'scripts/lib/bundles.js',
  'scripts/lib/run.js',
]

/** Its folder. Throws when the binary has not been built. */
export function stage({ name, binary }) {
  const built = join(binaries, binary)
  if (!existsSync(built)) throw new Unavailable(`${built} is missing: npm run release:dry builds it`)
  const folder = join(root, 'target/stage', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'native'), { recursive: true })
  for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true })
  cpSync(built, join(folder, 'native', binary))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
