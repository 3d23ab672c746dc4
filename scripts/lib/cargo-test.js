import { stripVTControlCharacters } from 'node:util'
import { judge, none } from './counts.js'
import { stream } from './run.js'

const STARTED = /^\s+(?:Running .*\(.*\)|Doc-tests \S+)$/
const RESULT = /^test result: \S+\. (\d+) passed; (\d+) failed; (\d+) ignored;/

/** Runs every Rust test. A test binary that ends without its summary counts as one failure. */
export async function cargoTest({
  command = ['cargo', 'test'],
  args: more = ['--workspace'],
  env: given = process.env,
} = {}) {
  const counts = none()
  let open // the test binary whose summary is still to come
  const settle = () => {
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
      open = undefined
    } else if (STARTED.test(line)) {
      settle()
      open = line.trim()
    }
    console.log(raw)
  }
  const [file, ...verb] = command
  const args = [...verb, ...more, '--no-fail-fast']
  if (process.env.CI) args.push('--locked')
  const env = { ...given, CARGO_TERM_COLOR: process.stdout.isTTY ? 'always' : 'auto' }
  const end = await stream(file, args, { env, mergeStderr: true, onLine })
  settle()
  return judge('cargo test', counts, end)
}
