/** The peers, each in its pinned version, in a folder below `target/`: nothing of them is installed on the machine. */

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
/** The package of Debian that has the command. */
const DEBIAN = { 'start-stop-daemon': 'dpkg', daemonize: 'daemonize' }

/** Runs a step of an installation; its output is shown when it fails. */
function step(command, args, cwd) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error?.code === 'ENOENT') throw new Unavailable(`there is no ${command}`)
  if (status === 0) return stdout
  console.error(`${stdout}${stderr}`)
  throw new Unavailable(`${command} ${args.find((word) => /^[a-z]/.test(word))} failed`)
}

/** Makes a folder anew by `make`, unless it has been made of just this. */
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

/** Of this machine's own release of Debian, with lists of our own: that needs no root. */
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

/** The folder of where the adapter's peer comes from, and its version. Throws `Unavailable`. */
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
