// test-nodes.js [MAJOR…]: the JavaScript tests on every supported Node release line.
import { mkdirSync } from 'node:fs'
import { add, close, none, parse } from './lib/counts.js'
import { root, run, stream } from './lib/run.js'

const chosen = process.argv.slice(2)
const majors = chosen.length > 0 ? chosen : ['20', '22', '24', '26']
const name = `node-${process.platform}-${process.arch}`

/** The binary of that release line, from npm, kept out of package.json and the lock file. */
async function install(major) {
  const folder = `${root}node_modules/.cache/nodes/${major}`
  const binary = `${folder}/node_modules/${name}/bin/node`
  mkdirSync(folder, { recursive: true })
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock']
  await run('npm', ['install', ...flags, '--prefix', folder, `${name}@${major}`], { cwd: folder })
  return (await run(binary, ['--version'])) === 0 ? binary : undefined
}

let counts = none()
for (const major of majors) {
  console.log(`\n== Node ${major}`)
  const node = await install(major)
  let result
  if (node) {
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
