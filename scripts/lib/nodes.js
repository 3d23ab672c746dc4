// Node's release lines, each a binary from npm, kept out of package.json and the lock file.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { root, run } from './run.js'

export const MAJORS = ['20', '22', '24', '26']

/**
 * The path of a Node of that release line, of this platform or another; undefined when it cannot be had. It is the
 * newest one of the day on which it was first asked for.
 */
export async function installNode(major, { platform = process.platform, arch = process.arch } = {}) {
  const name = `node-${platform}-${arch}`
  const folder = `${root}node_modules/.cache/nodes/${name}-${major}`
  const binary = `${folder}/node_modules/${name}/bin/node`
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--force']
  const target = [`--os=${platform}`, `--cpu=${arch}`]
  await run('npm', ['install', ...flags, ...target, '--prefix', folder, `${name}@${major}`], { cwd: folder })
  return existsSync(binary) ? binary : undefined
}

/** What the binary says that it is; undefined when it does not run here. */
export function nodeVersion(binary) {
  const { status, stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}
