// The parts of the torture that need a nightly Rust: what they name is there, and a machine without one skips them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { MIRI_TESTS } from '../../torture/lib/miri-tests.js'
import { folder, ROOT } from '../helpers/index.js'

const read = (...parts) => readFileSync(join(ROOT, ...parts), 'utf8')

test('every test that miri runs is one of the core', (t) => {
  const core = 'crates/core/src'
  const files = readdirSync(join(ROOT, core), { recursive: true }).filter((name) => name.endsWith('.rs'))
  const found = new Set(
    files.flatMap((file) => {
      const module = file.replace(/(\/mod)?\.rs$/, '').replaceAll('/', '::')
      const functions = read(core, file).matchAll(/#\[test\]\n\s+fn (\w+)/g)
      return Array.from(functions, ([, name]) => `${module}::tests::${name}`)
    }),
  )
  for (const name of MIRI_TESTS) t.true(found.has(name), name)
})

test('every target of the fuzzer is built, has seeds, and is shown by the core', (t) => {
  const targets = readdirSync(join(ROOT, 'fuzz/fuzz_targets')).map((file) => file.replace('.rs', ''))
  const built = Array.from(
    read('fuzz/Cargo.toml').matchAll(/^\[\[bin\]\]\nname = "(\w+)"$/gm),
    ([, name]) => name,
  )
  t.deepEqual(built.sort(), targets.sort())
  t.deepEqual(readdirSync(join(ROOT, 'fuzz/corpus')).sort(), targets)
  for (const name of targets)
    t.true(read('crates/core/src/fuzzing.rs').includes(`pub fn ${name}(bytes: &[u8])`), name)
})

for (const name of ['fuzz', 'miri', 'sanitizer']) {
  test(`${name} is skipped by name where there is no nightly Rust`, async (t) => {
    const place = folder(t)
    const args = [join(ROOT, 'torture/index.js'), '--only', name, '--out', place.file('report.json')]
    const { code, stdout, stderr } = await place.node(args, { env: { PATH: place.path } })
    t.is(code, 0, stderr)
    t.regex(stdout, /^skipped: .*Rust/m)
    t.regex(stdout, /^0 passed, 0 failed, 1 skipped$/m)
  })
}
