// Unpacks packages of a newer Debian than this machine's into a folder, without installing them.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../lib/leg.js'
import { root, run } from '../lib/run.js'

/**
 * The first Debian whose musl can run Node's binaries, whose qemu survives forks of programs with many threads, and
 * whose wine can run all of Node's release lines.
 */
const RELEASE = 'trixie'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

const state = join(root, 'target/tools/apt')
const downloads = join(state, 'download')

/** The mirror from which this machine gets its own packages. */
function mirror() {
  const args = ['indextargets', '--format', '$(URI)', 'Created-By: Packages']
  const { stdout } = spawnSync('apt-get', args, { encoding: 'utf8' })
  const found = /^(\S+)\/dists\/(?:bookworm|trixie|forky|(?:old)?stable)\/main\//m.exec(stdout ?? '')
  if (!found || !existsSync(KEYRING)) throw new Unavailable(`${RELEASE}'s packages can only be had on Debian`)
  return found[1]
}

/** Writes a configuration in which nothing is installed, and gives apt's options for it. */
function configuration() {
  const source = join(state, 'sources.list')
  const status = join(state, 'status')
  for (const name of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(state, name), { recursive: true })
  writeFileSync(source, `deb [signed-by=${KEYRING}] ${mirror()} ${RELEASE} main\n`)
  writeFileSync(status, '')
  return [
    `Dir::Etc::SourceList=${source}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${state}/lists`,
    `Dir::State::Status=${status}`,
    `Dir::Cache=${state}/cache`,
    `Dir::Cache::Archives=${downloads}`,
    'APT::Architectures::=amd64',
    'APT::Architectures::=arm64',
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
}

/**
 * Unpacks packages (`musl:arm64`) into an empty folder; does nothing if the folder has exactly these packages. With
 * `dependencies` it also unpacks everything that they depend on. No script of a package is executed.
 */
export async function unpackPackages(folder, names, { dependencies = false } = {}) {
  const stamp = join(folder, `.${[RELEASE, ...names].join(' ')}`)
  if (existsSync(stamp)) return
  for (const path of [downloads, folder]) rmSync(path, { recursive: true, force: true })
  for (const path of [join(downloads, 'partial'), folder]) mkdirSync(path, { recursive: true })
  const options = ['-qq', ...configuration()]
  const get = dependencies ? ['install', '--download-only', '--yes'] : ['download']
  for (const command of [['update'], [...get, ...names]]) {
    if ((await run('apt-get', [...options, ...command], { cwd: downloads })) !== 0)
      throw new Unavailable(`${names.join(' ')} of ${RELEASE} cannot be had`)
  }
  for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb'))) {
    if ((await run('dpkg', ['-x', join(downloads, file), folder])) !== 0)
      throw new Unavailable(`${file} cannot be unpacked`)
  }
  rmSync(downloads, { recursive: true })
  writeFileSync(stamp, '')
}
