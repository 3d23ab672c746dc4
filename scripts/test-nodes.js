// test-nodes.js [MAJOR…]: the JavaScript tests on every supported Node release line.
import { add, close, none, parse } from './lib/counts.js'
import { installNode, MAJORS, nodeVersion } from './lib/nodes.js'
import { stream } from './lib/run.js'

const chosen = process.argv.slice(2)
const majors = chosen.length > 0 ? chosen : MAJORS

let counts = none()
for (const major of majors) {
  const node = await installNode(major)
  const version = node && nodeVersion(node)
  console.log(`\n== Node ${version ?? major}`)
  let result
  if (version) {
    const onLine = (line) => {
      result = parse(line)
      console.log(line)
    }
    await stream(process.execPath, ['scripts/test.js', '--ava-only', '--node', node], { onLine })
  }
  if (!result) console.log(`Node ${major}: no result`)
  counts = add(counts, result ?? { passed: 0, failed: 1, skipped: 0 })
}
console.log()
close(counts)
