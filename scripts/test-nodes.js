// test-nodes.js [MAJOR…]: runs the JavaScript tests on every supported Node.js release line, or on the given ones.
import { counted } from './lib/counted.js'
import { add, close, failure, none } from './lib/counts.js'
import { installNode, MAJORS, nodeVersion } from './lib/nodes.js'

const chosen = process.argv.slice(2)
const majors = chosen.length > 0 ? chosen : MAJORS

let counts = none()
for (const major of majors) {
  const node = await installNode(major)
  const version = node && nodeVersion(node)
  console.log(`\n== Node ${version ?? `${major} cannot be installed`}`)
  const args = ['scripts/test.js', '--ava-only', '--node', node]
  counts = add(counts, version ? await counted(process.execPath, args) : failure)
}
console.log()
close(counts)
