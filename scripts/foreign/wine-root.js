// Makes a root folder in which wine can run programs for Windows. Nothing of it is installed on this machine.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../lib/leg.js'
import { root, run } from '../lib/run.js'
import { unpackPackages } from './debian.js'

/** Enters the root folder: see there. */
export const ENTER = join(root, 'scripts/foreign/enter-wine.sh')

/** The folder of wine's registry and of drive C:, in the root folder. */
const PREFIX = '/prefix'
/** wine, and the locale in which names of files may have any letter. */
const PACKAGES = ['wine64:amd64', 'libc-bin:amd64']
export const WINE = '/usr/lib/wine/wine64'

/** The environment in which wine runs: without a display, .NET, HTML, and messages of wine itself. */
export const wineEnv = (given = process.env) => {
  const { DISPLAY, WAYLAND_DISPLAY, NODE_EXTRA_CA_CERTS, ...env } = given
  return {
    ...env,
    HOME: '/root',
    LANG: 'C.UTF-8',
    WINEPREFIX: PREFIX,
    WINELOADER: WINE,
    WINESERVER: '/usr/lib/wine/wineserver64',
    WINEDEBUG: given.WINEDEBUG ?? '-all',
    WINEDLLOVERRIDES: 'mscoree=d;mshtml=d;winemenubuilder.exe=d',
    XDG_RUNTIME_DIR: '/run',
  }
}

/** Does what the scripts of Debian's packages would do, as far as wine needs it. */
function configure(folder) {
  for (const name of ['dev', 'proc', 'run', 'sys', 'tmp', 'root', 'etc', 'usr/lib64', PREFIX])
    mkdirSync(join(folder, name), { recursive: true })
  for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, join(folder, name))
  writeFileSync(join(folder, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n')
  // wine accepts a library of its own by these bytes alone.
  const zlib = readFileSync(join(folder, 'usr/x86_64-w64-mingw32/lib/zlib1.dll')).fill(0, 64, 96)
  zlib.write('Wine builtin DLL', 64)
  writeFileSync(join(folder, 'usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll'), zlib)
}

/** Runs a program that comes with wine. Throws Unavailable if it fails. */
async function boot(folder, program, more = {}) {
  // A time limit, because wine starts processes without end if it lacks a library.
  const args = ['--signal=KILL', '120', ENTER, folder, '/', '--', WINE, ...program]
  if ((await run('timeout', args, { env: { ...wineEnv(), ...more } })) !== 0)
    throw new Unavailable(`wine cannot run ${program.join(' ')}`)
}

/**
 * The root folder, which is made unless it is there. Throws Unavailable if it cannot, for want of Debian, of root's
 * rights, or of the packages.
 */
export async function wineRoot() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Unavailable('wine runs programs for Windows x64 on Linux x64 only')
  if (process.getuid() !== 0) throw new Unavailable('only root can enter the root folder of wine')
  const folder = join(root, 'target/tools/wine')
  const stamp = join(folder, `.ready ${PACKAGES.join(' ')}`)
  if (existsSync(stamp)) return folder
  rmSync(folder, { recursive: true, force: true })
  await unpackPackages(folder, PACKAGES, { dependencies: true })
  configure(folder)
  await boot(folder, ['wineboot', '--init'], { KEEP: '1' })
  // The same place by a relative link: what walks through `target` must not come to this machine's root folder.
  const driveZ = join(folder, PREFIX, 'dosdevices/z:')
  rmSync(driveZ)
  symlinkSync('../..', driveZ)
  // Whether programs can be run as they are later, with nothing kept.
  await boot(folder, ['cmd', '/c', 'exit'])
  writeFileSync(stamp, '')
  return folder
}
