// Installs Node's release lines as binaries from npm, outside package.json and the lock file.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { npm, root, run } from './run.js'

export const MAJORS = ['20', '22', '24', '26']

/**
 * The path of a Node of that release line, for this platform or another; undefined if it cannot be installed. It is the
 * newest Node of the line on the day of its first install; it stays installed.
 */
export async function installNode(major, { platform = process.platform, arch = process.arch } = {}) {
  const isWindows = platform === 'win32'
  const name = `node-${isWindows ? 'win' : platform}-${arch}`
  const folder = `${root}node_modules/.cache/nodes/${name}-${major}`
  const binary = `${folder}/node_modules/${name}/bin/node${isWindows ? '.exe' : ''}`
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--force']
  const target = [`--os=${platform}`, `--cpu=${arch}`]
  const args = ['install', ...flags, ...target, '--prefix', folder, `${name}@${major}`]
  await run(...npm(...args), { cwd: folder })
  return existsSync(binary) ? binary : undefined
}

/** The binary's version, as it prints it; undefined if the binary does not run here. */
export function nodeVersion(binary) {
  const { status, stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}
