// test.js [--ava-only] [--built] [--node PATH] [-- AVA ARGUMENTS]: builds and runs all tests, and a short storm of the
// torture; the last line has their counts. With --built it does not build the binding.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { WINDOWS_CORE } from './foreign/subsets.js'
import { ava } from './lib/ava.js'
import { cargoTest } from './lib/cargo-test.js'
import { counted } from './lib/counted.js'
import { add, close, none } from './lib/counts.js'
import { getRedis } from './lib/redis.js'
import { run } from './lib/run.js'

/** Always the same seed; 500 operations and more. */
const STORM = ['--only', 'storm', '--seconds', '6', '--seed', '1', '--out', 'target/torture-storm.json']

/** There is no torture for Windows, and the crates for it do not compile there. */
const isWindows = process.platform === 'win32'
const RUST = isWindows ? { args: ['-p', 'daimon-core', '--lib', '--tests'] } : {}
/** Tests start them: as services of Windows. */
const EXAMPLES = ['build', '-p', 'daimon-core', '--examples']

const { values, positionals } = parseArgs({
  options: {
    'ava-only': { type: 'boolean', default: false },
    built: { type: 'boolean', default: false },
    node: { type: 'string', default: process.execPath },
  },
  allowPositionals: true,
})

// Cargo and tsc know best what is out of date. Only the repeated runs of `test:nodes` skip builds by file times.
const what = values.built ? ['ts'] : values['ava-only'] ? ['--if-needed'] : []
const built = await run(process.execPath, ['scripts/build.js', ...what])
const prepared = built === 0 && isWindows ? await run('cargo', EXAMPLES) : built
// What of the suite is not for Windows is told in the table beside the list.
const files = isWindows && positionals.length === 0 ? WINDOWS_CORE : positionals
let counts = none()
if (prepared !== 0) {
  counts.failed += 1
} else {
  if (!values['ava-only']) counts = add(counts, await cargoTest(RUST))
  if (!isWindows) await getRedis()
  counts = add(counts, await ava({ node: resolve(values.node), args: files }))
  if (!values['ava-only'] && !isWindows)
    counts = add(counts, await counted(process.execPath, ['torture/index.js', ...STORM]))
}
close(counts)
