import { stripVTControlCharacters } from 'node:util'
import { judge, none } from './counts.js'
import { stream } from './run.js'

const STARTED = /^\s+(?:Running .*\(.*\)|Doc-tests \S+)$/
const RESULT =
  /^test result: \S+\. (\d+) passed; (\d+) failed; (\d+) ignored; \d+ measured; (\d+) filtered out;/

/**
 * Runs every Rust test except those in `skip` (name to reason), which are printed and counted as skipped; or those in
 * `only`. A test binary that ends without its summary counts as one failure; so do names in `skip` or `only` that no
 * test has any more.
 */
export async function cargoTest({
  command = ['cargo', 'test'],
  args: more = ['--workspace'],
  env: given = process.env,
  skip = {},
  only = [],
} = {}) {
  const counts = { ...none(), skipped: Object.keys(skip).length }
  for (const [name, reason] of Object.entries(skip)) console.log(`cargo test: skipped: ${name}: ${reason}`)
  let filtered = 0
  let open // the test binary whose summary is still to come
  const countWithoutSummary = () => {
    if (open === undefined) return
    console.log(`cargo test: no summary from ${open}`)
    counts.failed += 1
    open = undefined
  }
  const onLine = (raw) => {
    const line = stripVTControlCharacters(raw)
    const result = RESULT.exec(line)
    if (result) {
      counts.passed += Number(result[1])
      counts.failed += Number(result[2])
      counts.skipped += Number(result[3])
      filtered += Number(result[4])
      open = undefined
    } else if (STARTED.test(line)) {
      countWithoutSummary()
      open = line.trim()
    }
    console.log(raw)
  }
  const [file, ...verb] = command
  const args = [...verb, ...more, '--no-fail-fast']
  const skips = Object.keys(skip).flatMap((name) => ['--skip', name])
  if (process.env.CI) args.push('--locked')
  if (skips.length + only.length > 0) args.push('--', '--exact', ...skips, ...only)
  const env = { ...given, CARGO_TERM_COLOR: process.stdout.isTTY ? 'always' : 'auto' }
  const end = await stream(file, args, { env, mergeStderr: true, onLine })
  countWithoutSummary()
  const ran = counts.passed + counts.failed
  if (only.length > 0 && ran !== only.length) {
    console.log(`cargo test: ${ran} tests were run, not the ${only.length} named ones`)
    counts.failed += 1
  } else if (only.length === 0 && filtered !== Object.keys(skip).length) {
    console.log(`cargo test: ${filtered} tests were left out, not the ${Object.keys(skip).length} named ones`)
    counts.failed += 1
  }
  return judge('cargo test', counts, end)
}
