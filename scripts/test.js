// test.js [--ava-only] [--built] [--node PATH] [-- AVA ARGUMENTS]: builds, runs all tests, closes with their counts.
// With --built the binding is the one that is there.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ava } from './lib/ava.js'
import { cargoTest } from './lib/cargo-test.js'
import { add, close, none } from './lib/counts.js'
import { run } from './lib/run.js'

const { values, positionals } = parseArgs({
  options: {
    'ava-only': { type: 'boolean', default: false },
    built: { type: 'boolean', default: false },
    node: { type: 'string', default: process.execPath },
  },
  allowPositionals: true,
})

// Cargo and tsc know best what is out of date; only the repeated runs of `test:nodes` take the short cut.
const what = values.built ? ['ts'] : values['ava-only'] ? ['--if-needed'] : []
const built = await run(process.execPath, ['scripts/build.js', ...what])
let counts = none()
if (built !== 0) {
  counts.failed += 1
} else {
  if (!values['ava-only']) counts = add(counts, await cargoTest())
  counts = add(counts, await ava({ node: resolve(values.node), args: positionals }))
}
close(counts)
