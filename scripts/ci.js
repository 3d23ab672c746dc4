// ci.js [LEG…]: runs the legs of CI in this order, by default all of them. The last lines say
// again what has failed; the very last has the sum of all counts.
import { counted } from './lib/counted.js'
import { add, close, failure, none } from './lib/counts.js'
import { Failures } from './lib/failures.js'

const LEGS = {
  // The checks that a change must pass first.
  fast: 'scripts/ready.js',
  // Builds the binaries and packages of all platforms, which `installed`, `arm64` and `musl` test.
  release: 'scripts/release/dry.js',
  installed: 'scripts/release/test-installed.js',
  darwin: 'scripts/release/lint-darwin.js',
  workflows: 'scripts/lint-workflows.js',
  torture: 'scripts/torture.js',
  arm64: 'scripts/foreign/arm64.js',
  musl: 'scripts/foreign/musl.js',
  windows: 'scripts/foreign/windows.js',
}

async function leg(name) {
  console.log(`\n==== ${name}`)
  const start = performance.now()
  const failures = new Failures()
  const counts = await counted(process.execPath, [LEGS[name]], (line) => failures.take(line))
  return { name, counts, failures: failures.lines, seconds: Math.round((performance.now() - start) / 1000) }
}

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !Object.hasOwn(LEGS, name))
if (unknown.length > 0) {
  console.error(`ci: no such leg: ${unknown.join(' ')}. There are ${Object.keys(LEGS).join(' ')}`)
  close(failure)
} else {
  const results = []
  for (const name of chosen.length > 0 ? chosen : Object.keys(LEGS)) results.push(await leg(name))
  for (const { name, failures } of results.filter(({ counts }) => counts.failed > 0)) {
    console.log(`\n==== failed in ${name}`)
    for (const line of failures) console.log(line)
  }
  console.log('\n==== all')
  for (const { name, counts, seconds } of results) {
    const { passed, failed, skipped } = counts
    console.log(`${name.padEnd(10)} ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s`)
  }
  close(results.reduce((all, { counts }) => add(all, counts), none()))
}
