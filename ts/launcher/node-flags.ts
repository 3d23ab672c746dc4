/**
 * The launcher's own flags, made fit for the daemon. Preloads get absolute paths, so that they are found from any
 * folder. The inspector's flags are dropped, because its port is taken. A script gets no flag that says what the
 * launcher's program is. Runs in the launcher.
 */

import { existsSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { exports as exportsOf } from 'resolve.exports'
import { requireFrom } from '../binding/require.js'

type Resolve = (specifier: string, cwd: string) => string

const PRELOADS: ReadonlyMap<string, Resolve> = new Map([
  ['-r', resolveRequire],
  ['--require', resolveRequire],
  ['--import', resolveImport],
  ['--loader', resolveImport],
  ['--experimental-loader', resolveImport],
])

/** The inspector's flags whose value can be the next argument. */
const INSPECTOR_VALUES: ReadonlySet<string> = new Set([
  '--inspect-port',
  '--debug-port',
  '--inspect-publish-uid',
])

const EVAL_FLAGS: ReadonlySet<string> = new Set(['-e', '--eval', '-p', '--print', '-pe'])

/** Flags that say what the launcher's program is: code, a REPL, a test run, a watched program. */
const PROGRAM_FLAGS =
  /^(?:-i|--interactive|--input-type|--test(?:-.*)?|--experimental-test-.*|--watch(?:-.*)?)$/

/**
 * With them Node's ES module loader evaluates the main module, CommonJS or not, and other modules may come before it.
 * A configuration file may hold any of them.
 */
const ES_LOADER_FLAGS =
  /^--(?:import|(?:experimental-)?loader|experimental-default-type|experimental-(?:default-)?config-file)$/

/** In bytes. A large package's manifest has some 100,000. */
const LONGEST_MANIFEST = 16_777_216

/** Makes what `execArgv` preloads absolute, as seen from `cwd`, and drops `--inspect*`. */
export function absoluteExecArgv(execArgv: readonly string[], cwd: string): string[] {
  const result: string[] = []
  for (let index = 0; index < execArgv.length; index++) {
    const argument = execArgv[index] ?? ''
    if (argument === '--') return [...result, ...execArgv.slice(index)]
    const { flag, value } = splitFlag(argument)
    if (/^--inspect(?:-|$)/.test(flag) || flag === '--debug-port') {
      if (value === undefined && INSPECTOR_VALUES.has(flag)) index++
      continue
    }
    const resolve = PRELOADS.get(flag)
    const next = execArgv[index + 1]
    if (resolve === undefined) {
      result.push(argument)
    } else if (value !== undefined) {
      result.push(`${argument.slice(0, argument.indexOf('='))}=${resolve(value, cwd)}`)
    } else if (next !== undefined) {
      result.push(argument, resolve(next, cwd))
      index++
    } else {
      result.push(argument)
    }
  }
  return result
}

/** Does to the value of NODE_OPTIONS what {@link absoluteExecArgv} does to the command line. */
export function absoluteNodeOptions(nodeOptions: string, cwd: string): string {
  const given = splitNodeOptions(nodeOptions)
  // Node refuses to start with such a value, and its own message says it best.
  if (given === undefined) return nodeOptions
  return absoluteExecArgv(given, cwd).map(quote).join(' ')
}

/** Whether the program is given as code on the command line: `node -e CODE`, `node -p CODE`. */
export function hasEvalFlag(execArgv: readonly string[]): boolean {
  return execArgv.some((argument) => EVAL_FLAGS.has(splitFlag(argument).flag))
}

/** Flags for another program than the launcher's: without the flags that are about the launcher's own. */
export function scriptExecArgv(execArgv: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at < execArgv.length; at++) {
    const argument = execArgv[at] ?? ''
    const { flag, value } = splitFlag(argument)
    if (!EVAL_FLAGS.has(flag) && !PROGRAM_FLAGS.test(flag)) kept.push(argument)
    // The next argument is the flag's value unless it begins with a dash: so Node has it.
    else if (value === undefined && execArgv[at + 1]?.startsWith('-') === false) at++
  }
  return kept
}

/** Whether Node's ES module loader is in charge from the start. */
export function usesEsLoader(execArgv: readonly string[], nodeOptions = ''): boolean {
  const flags = [...execArgv, ...(splitNodeOptions(nodeOptions) ?? [])]
  return flags.some((argument) => ES_LOADER_FLAGS.test(splitFlag(argument).flag))
}

/** Node takes `_` for `-` in the names of long flags, and `=` for a separator in long flags alone. */
function splitFlag(argument: string): { flag: string; value: string | undefined } {
  if (!argument.startsWith('--')) return { flag: argument, value: undefined }
  const equals = argument.indexOf('=')
  const name = equals < 0 ? argument : argument.slice(0, equals)
  return { flag: name.replaceAll('_', '-'), value: equals < 0 ? undefined : argument.slice(equals + 1) }
}

/**
 * Splits as Node's `ParseNodeOptionsEnvVar` does: spaces (nothing else) separate, double quotes group, within them a
 * backslash escapes any character. Returns undefined for what Node refuses.
 */
function splitNodeOptions(text: string): string[] | undefined {
  const result: string[] = []
  let current: string | undefined
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    let character = text[index] ?? ''
    if (character === '\\' && quoted) {
      index++
      if (index === text.length) return undefined
      character = text[index] ?? ''
    } else if (character === ' ' && !quoted) {
      if (current !== undefined) result.push(current)
      current = undefined
      continue
    } else if (character === '"') {
      quoted = !quoted
      continue
    }
    current = (current ?? '') + character
  }
  if (quoted) return undefined
  return current === undefined ? result : [...result, current]
}

function quote(argument: string): string {
  // A backslash outside of quotes stands for itself.
  return /[ "]/.test(argument) ? `"${argument.replaceAll(/["\\]/g, '\\$&')}"` : argument
}

/** Absolute paths, URLs and Node's own modules are the same from everywhere. */
function isFixed(specifier: string): boolean {
  return (
    specifier === '' ||
    isAbsolute(specifier) ||
    /^[a-z][a-z0-9+.-]*:/i.test(specifier) ||
    process.getBuiltinModule('node:module').isBuiltin(specifier)
  )
}

function resolveRequire(specifier: string, cwd: string): string {
  if (isFixed(specifier)) return specifier
  try {
    return requireIn(cwd).resolve(specifier)
  } catch {
    // Node's own message about it names what the user wrote.
    return specifier
  }
}

function resolveImport(specifier: string, cwd: string): string {
  if (isFixed(specifier)) return specifier
  if (/^\.{1,2}(?:\/|$)/.test(specifier)) return new URL(specifier, pathToFileURL(`${cwd}/`)).href
  try {
    return pathToFileURL(importTarget(specifier, cwd) ?? requireIn(cwd).resolve(specifier)).href
  } catch {
    return specifier
  }
}

function requireIn(cwd: string): NodeJS.Require {
  return requireFrom(join(cwd, 'noop.js'))
}

/** Node's conditions for `import`, beside those that each resolver knows: `node`, `import`, `default`. */
const CONDITIONS: readonly string[] = ['module-sync', 'node-addons']

/**
 * The file that the `exports` of a bare specifier's package have for `import`. `require.resolve` would find the one for
 * `require`, or none: another module than the launcher has loaded.
 */
function importTarget(specifier: string, cwd: string): string | undefined {
  const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? []
  if (name === undefined || rest === undefined) return undefined
  const folders = requireIn(cwd).resolve.paths(specifier) ?? []
  const folder = folders
    .map((path) => join(path, name))
    .find((path) => existsSync(join(path, 'package.json')))
  if (folder === undefined) return undefined
  const manifest = readManifest(join(folder, 'package.json'))
  const [target] = exportsOf(manifest, `.${rest}`, { conditions: CONDITIONS }) ?? []
  return target === undefined ? undefined : join(folder, target)
}

/** Only a regular file of some size is read: a FIFO would wait for a writer, an endless file fill the memory. */
function readManifest(path: string): unknown {
  const stats = statSync(path)
  if (!stats.isFile() || stats.size > LONGEST_MANIFEST) throw new Error(`${path} is no manifest`)
  return JSON.parse(readFileSync(path, 'utf8'))
}
