/**
 * Loads the native binding: the one that was built beside this file, else the platform's package.
 * Runs in both processes.
 */

import { dirname, join } from 'node:path'
import { isWhole } from './is-whole.js'
import { BindingFailure, type Miss } from './load-failure.js'
import { isError } from './node-errors.js'
import { requireOwn } from './require.js'
import { sharedOfThisLayout } from './shared.js'

/** The native part, as its build describes it. */
export type Binding = typeof import('../../native/binding.cjs')

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/** The platforms that there are binaries for; Linux has one for each of its C libraries. */
export const PLATFORMS: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['linux-x64-gnu', 'linux-x64-musl'],
  'linux-arm64': ['linux-arm64-gnu', 'linux-arm64-musl'],
  'darwin-x64': ['darwin-x64'],
  'darwin-arm64': ['darwin-arm64'],
  'win32-x64': ['win32-x64'],
  'win32-arm64': ['win32-arm64'],
}

/**
 * Both of a Linux's C libraries are tried: a binary for the other one does not load, and to ask which it is takes
 * longer. In a checkout the binary is in `../native`, beside a bundle in its own folder, else in a package of its own.
 */
function candidates(): { name: string; platform: string }[] {
  const platforms = PLATFORMS[`${process.platform}-${process.arch}`] ?? []
  return platforms.flatMap((platform) =>
    [`../native/daimon.${platform}.node`, `./daimon.${platform}.node`, `daimon-${platform}`].map((name) => ({
      name,
      platform,
    })),
  )
}

/** The binding of that name, or why not. */
function load(requireHere: NodeJS.Require, name: string, platform: string): Binding | Miss {
  let path: string
  try {
    path = requireHere.resolve(name)
  } catch (error) {
    return name.startsWith('.')
      ? { name, platform, kind: 'missing' }
      : notFound(requireHere, name, platform, error)
  }
  try {
    // To load part of a file ends the process by SIGBUS, which cannot be caught.
    if (!isWhole(path)) return { name: path, platform, kind: 'damaged' }
    const found: Binding = requireHere(path)
    if (typeof found.version !== 'function') return { name: path, platform, kind: 'damaged' }
    const version = found.version()
    if (version !== DAIMON_VERSION) return { name: path, platform, kind: 'version', version }
    loadedFrom = path
    return found
  } catch (error) {
    return refused(path, platform, error)
  }
}

/** A package that is not there, or is, without its file. */
function notFound(requireHere: NodeJS.Require, name: string, platform: string, error: unknown): Miss {
  const code = isError(error) ? Reflect.get(error, 'code') : undefined
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return refused(name, platform, error)
  try {
    requireHere.resolve(`${name}/package.json`)
    return { name: `the package ${name}`, platform, kind: 'damaged' }
  } catch {
    return { name, platform, kind: 'missing' }
  }
}

function refused(name: string, platform: string, error: unknown): Miss {
  const [reason = ''] = isError(error) ? error.message.split(/\r?\n/) : [String(error)]
  return { name, platform, kind: 'refused', reason }
}

let binding: Binding | undefined
/** The file of the binding that was loaded last. */
let loadedFrom: string | undefined

/**
 * The binding of the daemon that this process is: later its user may not be allowed to read the file, or the file may
 * be gone.
 */
function bindingOfDaemon(): Binding | undefined {
  const found = sharedOfThisLayout()?.binding
  return found?.version() === DAIMON_VERSION ? found : undefined
}

/** The path of the keeper's executable, which is beside the binding. */
export function keeperFile(): string {
  loadBinding()
  return join(dirname(loadedFrom ?? ''), 'daimon-keeper')
}

/**
 * The binding: in a daemon the one that has adopted it, if that is of this version; else loaded with the first call.
 *
 * @throws BindingFailure, which says what was tried and what to do
 */
export function loadBinding(): Binding {
  binding ??= bindingOfDaemon()
  if (binding !== undefined) return binding
  const misses: Miss[] = []
  const requireHere = requireOwn()
  for (const { name, platform } of candidates()) {
    const found = load(requireHere, name, platform)
    if (!('kind' in found)) {
      binding = found
      return found
    }
    misses.push(found)
  }
  throw new BindingFailure(misses, DAIMON_VERSION)
}
