/** The steps of the package at which a test can stop a process, as the sources have them. */

import { execFileSync } from 'node:child_process'
import { root } from '../../scripts/lib/run.js'

/** The steps of keepers and their bodies alone, which the part `keeper` meets. */
export const OF_KEEPER = /^(?:keeper|control|body|upgrade|respawn|kept)\./

/** All of them, so that a step that is added to a source is met, too. */
export function stepsOf() {
  const args = [
    'grep',
    '--no-index',
    '-hoE',
    'seam(::at)?\\(.*"[a-z]+\\.[a-z]+"|seam\\(.*\'[a-z]+\\.[a-z]+\'',
    '--',
    'crates/core/src',
    'crates/keeper/src',
    'ts',
  ]
  const found = execFileSync('git', args, { cwd: root, encoding: 'utf8' })
  return [...new Set([...found.matchAll(/["']([a-z]+\.[a-z]+)["']/g)].map(([, step]) => step))].toSorted()
}
