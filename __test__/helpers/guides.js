/** The examples of README and of the pages in docs/, as programs that run. */

import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { BIN } from './cli.js'
import { content, folder, ROOT } from './index.js'

/** README, and every page of docs/. */
export const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]

export const pageText = (page) => readFileSync(join(ROOT, page), 'utf8')

const BLOCK = /^```(\w+)\n(?:\/\/|#) ([\w./@-]+)\n([\s\S]*?)^```$/gm

/** The examples of a page by their names: a block of code whose first line is a comment with a file's name. */
export function examples(page) {
  return new Map(Array.from(pageText(page).matchAll(BLOCK), ([, , name, code]) => [name, code]))
}

/** Blocks of shell commands in which there is one of daimon's, by their first line without its comment. */
export function commands(page) {
  const blocks = Array.from(pageText(page).matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, text]) => text)
  const ours = blocks.filter((text) => /^(?:npx |source <\()?daimon /m.test(text))
  return new Map(ours.map((text) => [text.replace(/\s*(?:#.*)?\n[\s\S]*/, ''), text]))
}

/** The test file that runs a page's examples. */
export const testOf = (page) =>
  `__test__/docs/guide-${page.replace(/^docs\/|\.md$/g, '').toLowerCase()}.test.js`

/** Where examples write their names when they are executed. */
const EXECUTED = 'executed'

/**
 * Writes all examples of a page into the test's folder, where `daimon` is the package. A daemon with a name has its
 * pidfile there, too, and no test meets a daemon of this machine.
 */
function writeExamples(place, page) {
  mkdirSync(place.file('node_modules'))
  symlinkSync(ROOT, place.file('node_modules/daimon'))
  for (const [name, code] of examples(page)) {
    mkdirSync(dirname(place.file(name)), { recursive: true })
    const here = code.replace(/\bname: '([\w-]+)'/g, "name: '$1', pidFile: '$1.pid'")
    place.write(name, name.endsWith('.js') ? mark(place, name) + here : here)
  }
}

/** On the first line, so that lines keep their numbers. */
function mark(place, name) {
  const args = [place.file(EXECUTED), `${name}\n`].map((text) => JSON.stringify(text))
  return `process.getBuiltinModule('node:fs').appendFileSync(${args});`
}

/** The same commands, with Ctrl-C for `logs web -f` when it has shown that text. */
export function follow(script, text) {
  const function_ = `follow() {
  "${process.execPath}" "${BIN}" logs web -f > followed & until grep -q '${text}' followed; do sleep 0.01; done
  kill -INT $!; wait $!
}`
  return `${function_}\n${script.replace('daimon logs web -f', 'follow')}`
}

/**
 * The tests of a page's examples: its named programs and files, and its blocks of commands, named by their first lines.
 * `guide(page)(title, names, body)` declares a serial test: `body` gets `t` and the folder with all examples of the
 * page, and must execute the programs of these names. `guide(page).by(needs(…))` declares it where this machine has
 * what it needs. One more test fails when an example of the page is in none of them.
 */
export function guide(page) {
  const tested = new Set()
  test.serial(`every example of ${page} is run by a test`, (t) => {
    const all = [...examples(page).keys(), ...commands(page).keys()]
    t.deepEqual(all.toSorted(), [...tested].toSorted())
  })
  const by = (declare) => (title, names, body) => {
    for (const name of names) tested.add(name)
    declare(title, async (t) => {
      const place = folder(t)
      writeExamples(place, page)
      await body(t, place)
      const executed = content(place.file(EXECUTED))?.split('\n') ?? []
      const isProgram = (name) => examples(page).has(name) && name.endsWith('.js')
      const missed = names.filter((name) => isProgram(name) && !executed.includes(name))
      t.deepEqual(missed, [], 'these have not been executed')
    })
  }
  return Object.assign(by(test.serial), { by })
}
