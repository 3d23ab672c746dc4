// docs/guarantees.md: every test, and every part of the torture, that it names exists.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { PARTS } from '../../torture/parts.js'
import { pageText } from '../helpers/guides.js'
import { ROOT } from '../helpers/index.js'

const PAGE = pageText('docs/guarantees.md')

test('every test that the guarantees name exists', (t) => {
  const named = [...PAGE.matchAll(/^\| `([\w-]+\/[\w-]+)`: (.*?) \|/gm)]
  t.true(named.length > 12)
  for (const [, file, title] of named) {
    const path = join(ROOT, `__test__/${file}.test.js`)
    t.true(existsSync(path), path)
    const text = readFileSync(path, 'utf8')
    t.true(
      [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => text.includes(quoted)),
      `${file}: ${title}`,
    )
  }
})

test('every part of the torture that the guarantees name exists, and they name all', (t) => {
  const named = [...PAGE.matchAll(/torture((?: `\w+`(?: and)?)+)/g)].flatMap(([, names]) =>
    names.match(/\w+(?=`)/g),
  )
  t.deepEqual([...new Set(named)].toSorted(), PARTS.map(({ name }) => name).toSorted())
})
