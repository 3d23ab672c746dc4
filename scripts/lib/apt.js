// Installs Debian packages; elsewhere they are unavailable.
import { Unavailable } from './leg.js'
import { output, run } from './run.js'

/** Installs the packages that are not installed. Throws Unavailable if it cannot. */
export async function aptInstall(...names) {
  const missing = names.filter(
    (name) => !output('dpkg', ['--status', name]).includes('Status: install ok installed'),
  )
  if (missing.length === 0) return
  const what = missing.join(' ')
  if (output('apt-get', ['--version']) === '')
    throw new Unavailable(`${what}: a Debian package, and this machine has no apt-get`)
  if (process.getuid() !== 0) throw new Unavailable(`only root can install ${what}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const foreign = new Set(missing.map((name) => name.split(':')[1]).filter(Boolean))
  for (const architecture of foreign) await run('dpkg', ['--add-architecture', architecture])
  await run('apt-get', ['update', '-qq'], { env })
  const code = await run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', ...missing], { env })
  if (code !== 0) throw new Unavailable(`apt-get could not install ${what}`)
}
