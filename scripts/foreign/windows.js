// windows.js [FILE…]: runs clippy, the Rust tests and JavaScript tests for win32-x64, by wine. The JavaScript tests are
// a list of files on one release line of Node.js and a shorter one on the others, or the given files on all of them.
import { ava } from '../lib/ava.js'
import { cargoTest } from '../lib/cargo-test.js'
import { failure } from '../lib/counts.js'
import { leg } from '../lib/leg.js'
import { MAJORS } from '../lib/nodes.js'
import { root, run } from '../lib/run.js'
import { crossBuild } from '../release/cross-build.js'
import { WINDOWS_CORE, WINDOWS_ESSENTIAL } from './subsets.js'
import { cargoForWindows, WINDOWS } from './wine-cargo.js'
import { windowsNode } from './wine-node.js'
import { wineRoot } from './wine-root.js'

/** The release line that runs the long list. */
const MAIN = '20'
/** Tells the tests where they are, because some of them need more than wine can do. */
const EMULATED = { ...process.env, TEST_EMULATED: 'wine' }
/** The Rust tests that cannot pass under wine, each with the reason. */
const NOT_BY_WINE = {}

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

async function build() {
  await crossBuild([WINDOWS])
  return { passed: 1, failed: 0, skipped: 0 }
}

/** What clippy looks at: the core with its tests, and the binding. */
const LINTED = [
  ['-p', 'daimon-core', '--lib', '--tests', '--examples'],
  ['-p', 'daimon-node'],
]

async function clippy() {
  const { command, args, env } = await cargoForWindows('clippy')
  const [file, ...first] = command
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const what of LINTED) {
    const code = await run(file, [...first, ...args, ...what, '--', '-D', 'warnings'], { env, cwd: root })
    counts[code === 0 ? 'passed' : 'failed'] += 1
  }
  return counts
}

async function rust() {
  await wineRoot()
  // The tests start the examples, which cargo builds by itself only with the documentation's, which are for Unix.
  const examples = await cargoForWindows('build')
  const [file, ...first] = examples.command
  const build = [...first, '-p', 'daimon-core', '--examples', ...examples.args]
  if ((await run(file, build, { env: examples.env, cwd: root })) !== 0) return failure
  const { command, args, env } = await cargoForWindows('test')
  const what = ['-p', 'daimon-core', '--lib', '--tests', ...args]
  return await cargoTest({ command, args: what, env: { ...env, TEST_EMULATED: 'wine' }, skip: NOT_BY_WINE })
}

async function javascript(major) {
  await wineRoot()
  const chosen = process.argv.slice(2)
  const files = chosen.length > 0 ? chosen : major === MAIN ? WINDOWS_CORE : WINDOWS_ESSENTIAL
  return await ava({ node: await windowsNode(major), env: EMULATED, through: WINE, args: files })
}

const majors = [MAIN, ...MAJORS.filter((major) => major !== MAIN)]
await leg(
  'windows',
  timed('wine', async () => {
    await wineRoot()
    return { passed: 0, failed: 0, skipped: 0 }
  }),
  timed('binary', build),
  timed('clippy', clippy),
  timed('Rust tests', rust),
  ...majors.map((major) => timed(`Node ${major}`, () => javascript(major))),
)
