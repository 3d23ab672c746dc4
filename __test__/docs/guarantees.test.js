// docs/guarantees.md: every test, and every part of the torture, that it names exists.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { PARTS } from '../../torture/parts.js'
import { pageText } from '../helpers/guides.js'
import { ROOT } from '../helpers/index.js'

const PAGE = pageText('docs/guarantees.md')

/** Whether a text has the title of a test; in the page `…` stands for what the title varies. */
function hasTitle(text, title) {
  const parts = title.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  const pattern = parts.join('\\$\\{[^}]+\\}')
  return new RegExp(`'${pattern}'|"${pattern}"|\`${pattern}\``).test(text)
}

test('every test that the guarantees name exists', (t) => {
  const named = [...PAGE.matchAll(/^\| `([\w-]+\/[\w-]+)`: (.*?) \|/gm)]
  t.true(named.length > 12)
  for (const [, file, title] of named) {
    const path = join(ROOT, `__test__/${file}.test.js`)
    t.true(existsSync(path), path)
    t.true(hasTitle(readFileSync(path, 'utf8'), title), `${file}: ${title}`)
  }
})

test('every part of the torture that the guarantees name exists, and they name all', (t) => {
  const named = [...PAGE.matchAll(/torture((?: `[\w-]+`(?: and)?)+)/g)].flatMap(([, names]) =>
    names.match(/[\w-]+(?=`)/g),
  )
  t.deepEqual([...new Set(named)].toSorted(), PARTS.map(({ name }) => name).toSorted())
})

test('every property of the model that the guarantees name exists', (t) => {
  const rules = readFileSync(join(ROOT, 'crates/model/src/rules.rs'), 'utf8')
  const rows = PAGE.match(/^\| torture `model`: .*?\|/gm).join('')
  const named = [...rows.matchAll(/`([A-Z]\w+)`/g)].map(([, name]) => name)
  t.true(named.length > 10)
  for (const name of named) t.regex(rules, new RegExp(`^    ${name},$`, 'm'), name)
})
