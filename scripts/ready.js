// Everything that CI's fast leg asks for, which is this very script, so the two cannot drift apart.
import { add, close, none, parse } from './lib/counts.js'
import { run, stream } from './lib/run.js'

const failure = { passed: 0, failed: 1, skipped: 0 }
const failures = []
let counts = none()

/** A check without counts of its own: only its failure counts. */
async function check(name, command, args) {
  if ((await run(command, args)) === 0) return
  failures.push(name)
  counts = add(counts, failure)
}

async function tests() {
  let result
  const onLine = (line) => {
    result = parse(line) ?? result
    console.log(line)
  }
  const { code } = await stream('npm', ['test'], { onLine })
  counts = add(counts, result ?? failure)
  if (code === 0) return
  failures.push('test')
  if (result?.failed === 0) counts = add(counts, failure)
}

await check('lint', 'npm', ['run', 'lint'])
await tests()
await check('packed install', process.execPath, ['scripts/check-pack.js'])

if (failures.length > 0) console.log(`ready: failed: ${failures.join(', ')}`)
close(counts)
