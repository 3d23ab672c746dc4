// Publishes the packages in npm/; run by the release workflow. The platforms' packages come first, because the root's
// package depends on them. Versions that are published already are left out, so that a broken run can be repeated.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from '../lib/run.js'
import { packages, targets } from './targets.js'

const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const isPublished = (what) => {
  const { status, stdout } = spawnSync('npm', ['view', `${what}@${version}`, 'version'], { encoding: 'utf8' })
  return status === 0 && stdout.trim() === version
}

/** The tag `latest` is what an install without a version gets; it must not be a release candidate. */
const distTag = version.includes('-') ? 'next' : 'latest'

async function publish(what, folder) {
  if (isPublished(what)) return console.log(`${what}@${version} is published already`)
  const args = ['publish', '--provenance', '--access', 'public', '--tag', distTag, '--ignore-scripts']
  if ((await run('npm', args, { cwd: folder })) !== 0) throw new Error(`${what} could not be published`)
}

try {
  const tag = process.env.GITHUB_REF_NAME
  if (tag !== `v${version}`) throw new Error(`the tag ${tag} is not that of version ${version}`)
  const all = [...targets.map((target) => [target.package, target.name]), [name, name]]
  for (const [what, folder] of all) {
    const manifest = join(packages, folder, 'package.json')
    const found = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : undefined
    if (found?.name !== what || found.version !== version)
      throw new Error(`${manifest} is not ${what}@${version}`)
  }
  for (const [what, folder] of all) await publish(what, join(packages, folder))
} catch (error) {
  console.error(`publish: ${error.message}`)
  process.exitCode = 1
}
