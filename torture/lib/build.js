/** The build for tests, in which a process can be stopped at each step, and rules can be broken. */

import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, run } from '../../scripts/lib/run.js'

let built

/** Makes it if it is out of date. Gives the address of its facade. */
export async function seamsFacade() {
  mkdirSync(join(root, 'target'), { recursive: true })
  // Two runs at once: the second waits, and finds it built.
  const command = [process.execPath, 'scripts/build.js', '--if-needed', '--seams']
  built ??= run('flock', [join(root, 'target/seams.lock'), ...command])
  if ((await built) !== 0) throw new Error('the build for tests has failed')
  copyFileSync(join(root, 'package.json'), join(root, 'target/seams/package.json'))
  return pathToFileURL(join(root, 'target/seams/dist/index.js')).href
}
