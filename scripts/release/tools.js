// Installs the command line tools of scripts/tools, which are separate because no build or fast test needs them.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../lib/leg.js'
import { root, run } from '../lib/run.js'

const folder = join(root, 'scripts/tools')
const installed = join(folder, 'node_modules/.package-lock.json')

/** Installs the versions of the lock file, unless they are installed. Throws Unavailable if it cannot. */
export async function installTools() {
  const lock = join(folder, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs > statSync(lock).mtimeMs) return
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  if ((await run('npm', ['ci', ...flags], { cwd: folder })) !== 0)
    throw new Unavailable(`npm ci failed in ${folder}`)
}

/** The path of a file in a package. */
export const toolFile = (...path) => join(folder, 'node_modules', ...path)

/** The script of a package's only command, or of the command with that name. */
export function tool(name, command = name) {
  const { bin } = JSON.parse(readFileSync(toolFile(name, 'package.json'), 'utf8'))
  const script = typeof bin === 'string' ? bin : (bin[command] ?? Object.values(bin)[0])
  return toolFile(name, script)
}
