// The lists of tests for other platforms.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import * as subsets from '../../scripts/foreign/subsets.js'
import { ROOT } from '../helpers/index.js'

const TESTS = join(ROOT, '__test__')
const all = readdirSync(TESTS, { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => `__test__/${name.replaceAll('\\', '/')}`)

test('each file of tests is run by wine, or there is a reason why not', (t) => {
  const left = Object.values(subsets.NOT_BY_WINE).flat()
  const placed = [...subsets.WINDOWS_CORE, ...left.map((name) => `__test__/${name}.test.js`)]
  t.deepEqual(placed.toSorted(), all.toSorted())
})

test('the lists name files that are there', (t) => {
  const { NOT_BY_WINE, ...lists } = subsets
  for (const [list, files] of Object.entries(lists)) {
    for (const file of files) t.true(all.includes(file), `${list}: ${file}`)
  }
})
