// windows.js [FILE…]: runs clippy, the Rust tests and JavaScript tests for win32-x64, by wine. The JavaScript tests are
// a list of files on one release line of Node.js and a shorter one on the others, or the given files on all of them.
// The compilers work beside them: tests wait for most of their time.
import { ava } from '../lib/ava.js'
import { cargoTest } from '../lib/cargo-test.js'
import { leg } from '../lib/leg.js'
import { MAJORS } from '../lib/nodes.js'
import { root, stream } from '../lib/run.js'
import { crossBuildIfNeeded } from '../release/cross-build.js'
import { WINDOWS_CORE, WINDOWS_ESSENTIAL } from './subsets.js'
import { cargoForWindows, WINDOWS } from './wine-cargo.js'
import { windowsNode } from './wine-node.js'
import { wineRoot } from './wine-root.js'

/** The release line that runs the long list. */
const MAIN = '20'
/** Tells the tests where they are, because some of them need more than wine can do. */
const EMULATED = { ...process.env, TEST_EMULATED: 'wine' }
/** The Rust tests that cannot pass under wine, each with the reason. */
const NOT_BY_WINE = {
  another_file_behind_a_handle_loses_no_line_of_the_threads_that_write_to_it:
    'appends of several threads overwrite each other there, and it looks handles up outside of the kernel',
}

const WINE = [process.execPath, `${root}scripts/foreign/wine.js`, '--exe']

/** Runs a part, and prints the time that it has taken. */
const timed = (name, part) => async () => {
  console.log(`\n== ${name}`)
  const start = performance.now()
  try {
    return await part()
  } finally {
    console.log(`windows: ${name}: ${Math.round((performance.now() - start) / 1000)} s`)
  }
}

/** Begins what a later part waits for, and fails for it. */
function begun(work) {
  const result = work()
  result.catch(() => {})
  return () => result
}

/**
 * Runs cargo for Windows without showing its output yet: resolves to whether it succeeds, and to its lines. The tests
 * go first: some of them wait for others no longer than a few seconds.
 */
async function quietly(verb, what) {
  const { command, args, env } = await cargoForWindows(verb)
  const [file, ...first] = command
  const lines = []
  const onLine = (line) => lines.push(line)
  const all = ['-n', '10', file, ...first, ...args, ...what]
  const { code } = await stream('nice', all, { env, cwd: root, mergeStderr: true, onLine })
  return { isDone: code === 0, lines }
}

/** What clippy looks at: the core with its tests, and the binding. */
const LINTED = [
  ['-p', 'daimon-core', '--lib', '--tests', '--examples'],
  ['-p', 'daimon-node'],
]
/** What Rust tests and JavaScript tests start: cargo makes these only with documentation's. */
const EXAMPLES = ['-p', 'daimon-core', '--examples']
const RUST_TESTS = ['-p', 'daimon-core', '--lib', '--tests', '--no-run']

/** One after the other, because they lock the same folder. */
async function compile() {
  const results = [await examples()]
  for (const what of LINTED) results.push(await quietly('clippy', [...what, '--', '-D', 'warnings']))
  return [...results, await quietly('test', RUST_TESTS)]
}

function counted(results) {
  for (const line of results.flatMap(({ lines }) => lines)) console.log(line)
  const passed = results.filter(({ isDone }) => isDone).length
  return { passed, failed: results.length - passed, skipped: 0 }
}

async function rust() {
  await wine()
  const { command, args, env } = await cargoForWindows('test')
  const what = ['-p', 'daimon-core', '--lib', '--tests', ...args]
  return await cargoTest({ command, args: what, env: { ...env, TEST_EMULATED: 'wine' }, skip: NOT_BY_WINE })
}

/** Waits for the examples that JavaScript tests start, and throws where there are none. */
async function examplesBuilt() {
  const { isDone, lines } = await examples()
  if (!isDone) throw new Error(`the examples cannot be built:\n${lines.join('\n')}`)
}

async function javascript(major) {
  await wine()
  const chosen = process.argv.slice(2)
  if (major === MAIN || chosen.length > 0) await examplesBuilt()
  const files = chosen.length > 0 ? chosen : major === MAIN ? WINDOWS_CORE : WINDOWS_ESSENTIAL
  return await ava({ node: await windowsNode(major), env: EMULATED, through: WINE, args: files })
}

/** The long list comes last, because some of its tests start the examples, which are being compiled. */
const majors = [...MAJORS.filter((major) => major !== MAIN), MAIN]

const binary = begun(() => crossBuildIfNeeded([WINDOWS]))
const wine = begun(async () => {
  await wineRoot()
  // The tests by one that cannot be had say so.
  for (const major of majors) await windowsNode(major).catch(() => {})
})
const examples = begun(async () => {
  await binary()
  return await quietly('build', EXAMPLES)
})
const compiled = begun(compile)

await leg(
  'windows',
  timed('binary and wine', async () => {
    await Promise.all([binary(), wine()])
    return { passed: 1, failed: 0, skipped: 0 }
  }),
  ...majors.map((major) => timed(`Node ${major}`, () => javascript(major))),
  timed('the rest of the compilers', async () => counted(await compiled())),
  timed('Rust tests', rust),
)
