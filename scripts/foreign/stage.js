// Copies the files that the JavaScript tests need, with a binary of the cross build instead of this machine's.
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../lib/leg.js'
import { root } from '../lib/run.js'
import { binaries, KEEPER, keeperOf } from '../release/targets.js'

const PARTS = [
  '__test__',
  'ava.config.js',
  'bench',
  'build',
  'dist',
  'docs',
  'examples',
  'package.json',
  'README.md',
  'ts',
  'deny.toml',
  // Files that README.md links to, and files that link to README.md.
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  // Files that the test of `bump` copies.
  'Cargo.lock',
  'Cargo.toml',
  'package-lock.json',
  // Sources of the core that tests read, and manifests that `bump` moves.
  'crates',
  'fuzz',
  // Among them those that the benchmark imports, and those that a page names.
  'scripts',
  // Its parts, which a page names.
  'torture',
]

/** Makes the copy and gives its folder. Throws Unavailable if the binary has not been built. */
export function stage(target) {
  const { name, binary } = target
  const built = join(binaries, binary)
  if (!existsSync(built)) throw new Unavailable(`${built} is missing: npm run release:dry builds it`)
  const folder = join(root, 'target/stage', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'native'), { recursive: true })
  const filter = (path) => !path.endsWith('/scripts/tools/node_modules')
  for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true, filter })
  cpSync(built, join(folder, 'native', binary))
  cpSync(join(binaries, keeperOf(target)), join(folder, 'native', KEEPER))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
