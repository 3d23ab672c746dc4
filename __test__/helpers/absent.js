/** The table of what Windows has nothing for, as the source has it: a new row is tested, too. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './index.js'

/** The features: options, `log.PART`, calls with their parentheses, values in their quotes. */
export function absentFeatures() {
  const source = readFileSync(join(ROOT, 'ts/options/absent.ts'), 'utf8').replaceAll('\r', '')
  const [, rows] = /^function onWindows.*?return \{\n(.*?)^ {2}\}/ms.exec(source)
  const keys = rows.matchAll(/^ {4}(?:(\w+)|(["'])(.*?)\2): /gm)
  return Array.from(keys, ([, plain, , quoted]) => plain ?? quoted)
}
