// Registers qemu-user as the kernel's interpreter for arm64 programs, so that any process can execute them.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { atEnd } from '../lib/at-end.js'
import { Unavailable } from '../lib/leg.js'
import { root } from '../lib/run.js'
import { unpackPackages } from './debian.js'

const REGISTRY = '/proc/sys/fs/binfmt_misc'
const NAME = 'daimon-aarch64'
/** The folder of the interpreters in the package. */
const INTERPRETERS = '/usr/libexec/'

/** Registers the emulator; resolves to a function that unregisters it. Throws Unavailable if it cannot. */
export async function emulateArm64() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Unavailable('arm64 programs are emulated on Linux x64 only')
  if (process.getuid() !== 0)
    throw new Unavailable('only root can register an interpreter for arm64 programs')
  const folder = join(root, 'target/tools/qemu')
  await unpackPackages(folder, ['qemu-user:amd64'])
  if (!existsSync(`${REGISTRY}/register`)) {
    const { status, stderr } = spawnSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', REGISTRY], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Unavailable(`binfmt_misc cannot be mounted: ${stderr.trim()}`)
  }
  const entry = `${REGISTRY}/${NAME}`
  const remove = () => existsSync(entry) && writeFileSync(entry, '-1')
  remove()
  // Debian's registration, with our name and path; by its flags it also works below other root folders.
  const line = readFileSync(join(folder, 'usr/share/qemu/binfmt.d/qemu-aarch64.conf'), 'utf8').trim()
  const ours = line.replace(':qemu-aarch64:', `:${NAME}:`).replace(INTERPRETERS, join(folder, INTERPRETERS))
  if (!ours.startsWith(`:${NAME}:`) || !ours.includes(folder)) throw new Error(`unexpected: ${line}`)
  writeFileSync(`${REGISTRY}/register`, ours)
  return atEnd(remove)
}
