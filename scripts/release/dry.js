// `npm run release:dry`: a release without its publishing. Builds the binaries of all platforms, puts the packages
// together in npm/, and checks each; a table shows it all. --built takes the binaries that are there.
import { parseArgs } from 'node:util'
import { close } from '../lib/counts.js'
import { root, run } from '../lib/run.js'
import { checkBinaries } from './check-binaries.js'
import { checkPackages } from './check-packages.js'
import { printTable } from './rows.js'
import { binaries, targets } from './targets.js'
import { installTools } from './tools.js'

const { values } = parseArgs({ options: { built: { type: 'boolean', default: false } } })

async function step(...args) {
  const code = await run(process.execPath, args, { cwd: root })
  if (code !== 0) throw new Error(`${args.join(' ')} failed`)
}

try {
  await installTools()
  if (!values.built) await step('scripts/release/build.js')
  await step('scripts/build.js', 'native', '--if-needed')
  await step('scripts/build.js', 'ts')
  await step('scripts/release/assemble.js')
  const rows = [...(await checkBinaries(binaries, targets)), ...(await checkPackages(targets))]
  printTable(rows)
  const passed = rows.filter(({ ok }) => ok).length
  close({ passed, failed: rows.length - passed, skipped: 0 })
} catch (error) {
  console.error(`release: ${error.message}`)
  close({ passed: 0, failed: 1, skipped: 0 })
}
