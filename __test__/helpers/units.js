/** What the tests of `daimon unit` share. */

import { daimon } from './cli.js'

/** A file's name, and words of a command line, that must be written with care. */
export const ODD = `it's 100% $HOME "q" back\\slash é.mjs`
export const WORDS = ['$A', `$\{A}`, '%n', 'a b', '"', "'", ';', '\\', 'new\nline', '', '--json']

/** What `daimon unit` writes. */
export async function unit(t, place, ...args) {
  const { code, stdout, stderr } = await daimon(place, 'unit', ...args)
  t.deepEqual([code, stderr], [0, ''])
  return stdout
}
