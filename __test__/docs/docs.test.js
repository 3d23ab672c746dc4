// README and the pages of docs/: their length, their links, and that all their examples are run.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import test from 'ava'
import { commands, examples, PAGES, pageText, testOf } from '../helpers/guides.js'
import { ROOT } from '../helpers/index.js'

/** What a reader with five minutes reads. */
const README_LINES = 250

const FENCED = /^```[\s\S]*?^```$/gm
const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm

/** The anchors of a page, as GitHub makes them of its headings. */
const anchors = (page) =>
  Array.from(
    pageText(page)
      .replace(FENCED, '')
      .matchAll(/^#+ (.+)$/gm),
    ([, heading]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
  )

/** The links of a page to files of this repository: the file, from its root, and the anchor. */
function links(page) {
  const found = pageText(page)
    .replace(FENCED, '')
    .matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)
  return Array.from(found, ([, path, anchor]) => ({
    target: path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path)),
    anchor,
  }))
}

test('README has at most 250 lines', (t) => {
  const lines = pageText('README.md').trimEnd().split('\n').length
  t.true(lines <= README_LINES, `${lines} lines: move details to a page of docs/`)
})

for (const page of [...PAGES, 'CHANGELOG.md', 'CONTRIBUTING.md']) {
  test(`every link of ${page} leads to a file, and to a heading of it`, (t) => {
    const right = ({ target, anchor }) =>
      existsSync(join(ROOT, target)) && (anchor === undefined || anchors(target).includes(anchor))
    t.deepEqual(
      links(page).filter((link) => !right(link)),
      [],
    )
  })
}

test('docs/design.md says where the code is, by files that are there', (t) => {
  const places = pageText('docs/design.md').match(/^\*\*Where\.\*\*[\s\S]*?(?=\n\n|$(?![\s\S]))/gm)
  const files = places.flatMap((place) => Array.from(place.matchAll(/`(\w+\/[^`]+)`/g), ([, file]) => file))
  t.true(files.length > 100)
  t.deepEqual(
    files.filter((file) => !existsSync(join(ROOT, file))),
    [],
  )
})

test('README leads to every page', (t) => {
  const targets = links('README.md').map(({ target }) => target)
  t.deepEqual(
    PAGES.filter((page) => page !== 'README.md' && !targets.includes(page)),
    [],
  )
})

test('every page with examples has tests that run them', (t) => {
  const pages = PAGES.filter((name) => examples(name).size + commands(name).size > 0)
  t.true(pages.length > 5, pages.join())
  for (const page of pages) {
    const path = join(ROOT, testOf(page))
    t.true(existsSync(path), `${page} needs ${testOf(page)}`)
    t.true(readFileSync(path, 'utf8').includes(`guide('${page}')`), `${testOf(page)} runs another page`)
  }
})

test('every program that uses daimon has a name, by which its test runs it', (t) => {
  let programs = 0
  for (const page of PAGES) {
    const names = examples(page)
    for (const [block, language, code] of pageText(page).matchAll(FENCE)) {
      if (!/^(?:js|ts|javascript|typescript|mjs|cjs)$/.test(language)) continue
      programs++
      const name = /^\/\/ (\S+)\n/.exec(code)?.[1]
      t.true(name === undefined ? !/['"]daimon['"]/.test(code) : names.has(name), `${page}: ${block}`)
    }
  }
  t.true(programs > 10)
})

test('no two examples of a page have one name', (t) => {
  for (const page of PAGES) {
    const names = Array.from(
      pageText(page).matchAll(/^```\w+\n(?:\/\/|#) ([\w./@-]+)$/gm),
      ([, name]) => name,
    )
    t.deepEqual(names, [...new Set(names)], page)
  }
})
