// `npm run release:dry`: a release without publishing. Builds the binaries of all platforms, puts the packages together
// in npm/, checks all of them, and prints a table. With --built it takes the binaries of an earlier build.
import { parseArgs } from 'node:util'
import { leg } from '../lib/leg.js'
import { root, run } from '../lib/run.js'
import { checkBinaries } from './check-binaries.js'
import { checkPackages } from './check-packages.js'
import { crossBuild } from './cross-build.js'
import { buildKeepers } from './keepers.js'
import { printTable } from './rows.js'
import { binaries, targets } from './targets.js'
import { installTools } from './tools.js'

const { values } = parseArgs({ options: { built: { type: 'boolean', default: false } } })

async function step(...args) {
  const code = await run(process.execPath, args, { cwd: root })
  if (code !== 0) throw new Error(`${args.join(' ')} failed`)
}

await leg('release', async () => {
  await installTools()
  if (!values.built) {
    await crossBuild(targets)
    await buildKeepers()
  }
  await step('scripts/build.js', 'native', '--if-needed')
  await step('scripts/build.js', 'ts')
  await step('scripts/release/assemble.js')
  const rows = [...(await checkBinaries(binaries, targets)), ...(await checkPackages(targets))]
  printTable(rows)
  const passed = rows.filter(({ ok }) => ok).length
  return { passed, failed: rows.length - passed, skipped: 0 }
})
