// `npm run ready`, and CI's leg `fast`: the checks that a change must pass first.
import { counted } from './lib/counted.js'
import { add, close, failure, none } from './lib/counts.js'
import { npm, run } from './lib/run.js'

const failures = []
let counts = none()

/** Runs a check that has no counts; only a failure is counted. */
async function check(name, command, args) {
  if ((await run(command, args)) === 0) return
  failures.push(name)
  counts = add(counts, failure)
}

/** Runs an npm script that has counts. */
async function counting(name, args) {
  const result = await counted(...npm(...args))
  counts = add(counts, result)
  if (result.failed > 0) failures.push(name)
}

// The tests come first: the checks take the binding that they have built.
await counting('test', ['test'])
await counting('lint', ['run', 'lint'])
await check('packed install', process.execPath, ['scripts/check-pack.js'])

if (failures.length > 0) console.log(`ready: failed: ${failures.join(', ')}`)
close(counts)
