/** The examples of the README and the guides, as programs that run. */

import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './index.js'

const BLOCK = /^```(\w+)\n(?:\/\/|#) ([\w./@-]+)\n([\s\S]*?)^```$/gm

/** The examples of a guide by their names: a block of code whose first line is a comment with a file's name. */
export function examples(guide) {
  const text = readFileSync(join(ROOT, guide), 'utf8')
  return new Map(Array.from(text.matchAll(BLOCK), ([, , name, code]) => [name, code]))
}

/**
 * Writes all examples of a guide into the test's folder, where `daimon` is the package. A daemon with a name has its
 * pidfile there, too, and no test meets a daemon of this machine.
 */
export function writeExamples(place, guide) {
  mkdirSync(place.file('node_modules'))
  symlinkSync(ROOT, place.file('node_modules/daimon'))
  const found = examples(guide)
  for (const [name, code] of found) {
    mkdirSync(dirname(place.file(name)), { recursive: true })
    place.write(name, code.replace(/\bname: '([\w-]+)'/g, "name: '$1', pidFile: '$1.pid'"))
  }
  return found
}
