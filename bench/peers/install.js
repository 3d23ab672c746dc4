/** Installs the peers, each in its pinned version, below `target/` and nowhere else. */

import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Unavailable } from '../../scripts/lib/leg.js'
import { root } from '../../scripts/lib/run.js'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const target = join(root, 'target/bench/peers')
const PYTHON = JSON.parse(readFileSync(here('python-packages.json'), 'utf8'))
/** Debian's packages of the commands. */
const DEBIAN = { 'start-stop-daemon': 'dpkg', daemonize: 'daemonize' }

/** Runs a step of an installation. Shows its output and throws Unavailable if it fails. */
function step(command, args, cwd) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error?.code === 'ENOENT') throw new Unavailable(`there is no ${command}`)
  if (status === 0) return stdout
  console.error(`${stdout}${stderr}`)
  throw new Unavailable(`${command} ${args.find((word) => /^[a-z]/.test(word))} failed`)
}

/** Makes a folder anew by `make`, unless it was made of the same content. */
function once(folder, content, make) {
  const stamp = join(folder, '.made-of')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === content) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  make()
  writeFileSync(stamp, content)
  return folder
}

function npm() {
  const folder = join(target, 'npm')
  return once(folder, readFileSync(here('npm/package-lock.json'), 'utf8'), () => {
    for (const name of ['package.json', 'package-lock.json'])
      copyFileSync(here(`npm/${name}`), join(folder, name))
    step('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder)
  })
}

function python(name) {
  const folder = join(target, 'python', name)
  const packages = PYTHON[name]
  return once(folder, packages.join(' '), () => {
    const flags = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore', '--no-deps']
    step('python3', ['-m', 'pip', 'install', ...flags, '--target', folder, ...packages])
  })
}

/** Unpacks a package of this machine's release of Debian. Its own lists of packages make that possible without root. */
function debian(name) {
  const folder = join(target, 'debian', name)
  return once(folder, name, () => {
    const [state, downloads] = [join(target, 'apt'), join(folder, 'download')]
    for (const path of [join(state, 'lists/partial'), join(state, 'cache/archives/partial'), downloads])
      mkdirSync(path, { recursive: true })
    const options = [
      `Dir::State::Lists=${state}/lists`,
      `Dir::Cache=${state}/cache`,
      `APT::Sandbox::User=${process.getuid() === 0 ? 'root' : ''}`,
    ].flatMap((option) => ['-o', option])
    step('apt-get', ['-qq', ...options, 'update'])
    step('apt-get', ['-qq', ...options, 'download', DEBIAN[name]], downloads)
    const [file] = readdirSync(downloads)
    step('dpkg', ['-x', join(downloads, file), folder])
    writeFileSync(join(folder, '.version'), step('dpkg-deb', ['-f', join(downloads, file), 'Version']).trim())
    rmSync(downloads, { recursive: true })
  })
}

/** Installs the adapter's peer. Gives its folder and its version. Throws Unavailable. */
export function installed({ npm: package_, python: distribution, debian: command }) {
  if (package_ !== undefined) {
    const folder = npm()
    const manifest = readFileSync(join(folder, 'node_modules', package_, 'package.json'), 'utf8')
    return { folder, version: JSON.parse(manifest).version }
  }
  if (distribution !== undefined)
    return { folder: python(distribution), version: PYTHON[distribution][0].split('==')[1] }
  if (command !== undefined) {
    const folder = debian(command)
    return { folder, version: readFileSync(join(folder, '.version'), 'utf8') }
  }
  return {}
}
