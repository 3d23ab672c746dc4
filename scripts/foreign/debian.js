// Unpacks packages of a newer Debian than this machine's into a folder, without installing them.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../lib/leg.js'
import { root, run } from '../lib/run.js'

/** The first Debian whose musl can run Node's binaries, and whose qemu survives forks of programs with many threads. */
const RELEASE = 'trixie'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

const state = join(root, 'target/tools/apt')

/** The mirror from which this machine gets its own packages. */
function mirror() {
  const args = ['indextargets', '--format', '$(URI)', 'Created-By: Packages']
  const { stdout } = spawnSync('apt-get', args, { encoding: 'utf8' })
  const found = /^(\S+)\/dists\/(?:bookworm|trixie|forky|(?:old)?stable)\/main\//m.exec(stdout ?? '')
  if (!found || !existsSync(KEYRING)) throw new Unavailable(`${RELEASE}'s packages can only be had on Debian`)
  return found[1]
}

/** Unpacks packages (`musl:arm64`) into an empty folder; does nothing if the folder has exactly these packages. */
export async function unpackPackages(folder, ...names) {
  const stamp = join(folder, `.${[RELEASE, ...names].join(' ')}`)
  if (existsSync(stamp)) return
  const source = join(state, 'sources.list')
  for (const name of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(state, name), { recursive: true })
  writeFileSync(source, `deb [signed-by=${KEYRING}] ${mirror()} ${RELEASE} main\n`)
  const options = [
    `Dir::Etc::SourceList=${source}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${state}/lists`,
    `Dir::Cache=${state}/cache`,
    'APT::Architectures::=amd64',
    'APT::Architectures::=arm64',
    'APT::Sandbox::User=root',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
  const downloads = join(state, 'download')
  rmSync(downloads, { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
  for (const path of [downloads, folder]) mkdirSync(path, { recursive: true })
  const steps = [
    ['apt-get', ['-qq', ...options, 'update']],
    ['apt-get', ['-qq', ...options, 'download', ...names]],
  ]
  for (const [command, args] of steps) {
    if ((await run(command, args, { cwd: downloads })) !== 0)
      throw new Unavailable(`${names.join(' ')} of ${RELEASE} cannot be had`)
  }
  for (const file of readdirSync(downloads)) {
    if ((await run('dpkg', ['-x', join(downloads, file), folder])) !== 0)
      throw new Unavailable(`${file} cannot be unpacked`)
  }
  writeFileSync(stamp, '')
}
