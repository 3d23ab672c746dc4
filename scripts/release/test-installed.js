// Publishes npm/ to a registry on loopback and tests the installed packages: with each package manager, on each Node.js
// release line, under other runtimes.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ava } from '../lib/ava.js'
import { leg, Unavailable } from '../lib/leg.js'
import { installNode, MAJORS } from '../lib/nodes.js'
import { openRegistry, publishTo } from './registry.js'
import { packages, targets } from './targets.js'
import { installTools } from './tools.js'

async function tests() {
  const missing = targets.filter(({ name, binary }) => !existsSync(join(packages, name, binary)))
  // Unavailable and no failure: if the leg `release` has failed, that is counted there.
  if (missing.length > 0) throw new Unavailable('npm/ is not complete. Run: npm run release:dry')
  await installTools()
  for (const major of MAJORS) {
    if ((await installNode(major)) === undefined) throw new Unavailable(`Node ${major} cannot be had`)
  }
  const registry = await openRegistry()
  try {
    await publishTo(registry)
    const env = { ...process.env, DAIMON_REGISTRY: registry.url, DAIMON_NPMRC: registry.npmrc }
    return await ava({ env, args: ['--config', 'ava.published.config.js'] })
  } finally {
    await registry.close()
  }
}

await leg('installed', tests)
