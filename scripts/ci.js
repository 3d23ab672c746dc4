// ci.js [LEG…]: runs the legs of CI in this order, by default all of them. The last line has the sum of their counts.
import { counted } from './lib/counted.js'
import { add, close, failure, none } from './lib/counts.js'

const LEGS = {
  // The checks that a change must pass first.
  fast: 'scripts/ready.js',
  // Builds the binaries and packages of all platforms, which `installed`, `arm64` and `musl` test.
  release: 'scripts/release/dry.js',
  installed: 'scripts/release/test-installed.js',
  darwin: 'scripts/release/lint-darwin.js',
  workflows: 'scripts/lint-workflows.js',
  arm64: 'scripts/foreign/arm64.js',
  musl: 'scripts/foreign/musl.js',
}

async function leg(name) {
  console.log(`\n==== ${name}`)
  const start = performance.now()
  const counts = await counted(process.execPath, [LEGS[name]])
  return { name, counts, seconds: Math.round((performance.now() - start) / 1000) }
}

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !Object.hasOwn(LEGS, name))
if (unknown.length > 0) {
  console.error(`ci: no such leg: ${unknown.join(' ')}. There are ${Object.keys(LEGS).join(' ')}`)
  close(failure)
} else {
  const results = []
  for (const name of chosen.length > 0 ? chosen : Object.keys(LEGS)) results.push(await leg(name))
  console.log('\n==== all')
  for (const { name, counts, seconds } of results) {
    const { passed, failed, skipped } = counts
    console.log(`${name.padEnd(10)} ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s`)
  }
  close(results.reduce((all, { counts }) => add(all, counts), none()))
}
