// Tools from PyPI, in an environment of their own.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { aptInstall } from './apt.js'
import { Unavailable } from './leg.js'
import { root, run } from './run.js'

const tools = join(root, 'target/tools')
const venv = join(tools, 'python')

/** From PyPI: the linker, its driver, the reader of ELF and Mach-O files, and the workflows' auditor. */
const PYTHON = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.1', 'lief==1.0.0', 'zizmor==1.32.0']

/** The folder with the Python tools' commands. */
export async function python() {
  const stamp = join(venv, PYTHON.join(' '))
  if (existsSync(stamp)) return join(venv, 'bin')
  mkdirSync(tools, { recursive: true })
  if ((await run('python3', ['-m', 'venv', '--clear', venv])) !== 0) {
    await aptInstall('python3-venv')
    if ((await run('python3', ['-m', 'venv', '--clear', venv])) !== 0)
      throw new Unavailable('python3 makes no venv')
  }
  const pip = ['install', '--quiet', '--disable-pip-version-check', ...PYTHON]
  if ((await run(join(venv, 'bin/pip'), pip)) !== 0)
    throw new Unavailable(`pip could not install ${PYTHON.join(' ')}`)
  writeFileSync(stamp, '')
  return join(venv, 'bin')
}
