/**
 * The option `script`: finds its file as `node X` does, and refuses files that are no scripts for Node.js.
 * Runs in both processes.
 */

import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { ifPermitted } from '../binding/denied.js'
import { systemReason } from '../binding/errors.js'
import { isSystemError } from '../binding/node-errors.js'
import { requireFrom } from '../binding/require.js'
import { refused, show } from '../say.js'

/** The files of a script. */
export interface ScriptFile {
  /** The path that Node.js gets, which is the script's `process.argv[1]`. */
  readonly main: string
  /** The file that is evaluated. */
  readonly file: string
}

/** Endings to try for a name without one, beside those that Node.js tries. */
const OURS = ['.js', '.cjs', '.mjs']

/** Endings that Node.js tries, too, of files that cannot be a daemon. */
const NO_SCRIPTS: readonly string[] = ['.json', '.node']

/**
 * The script of a path: the file itself, the file with an ending added, or the main file of a folder. Undefined if
 * there is none, or Node.js does not permit to look.
 */
function scriptFile(path: string): ScriptFile | undefined {
  return ifPermitted(() => {
    // The path is nearly always that of a file. The endings below need a module of Node's that is not loaded yet.
    if (statsAt(path)?.isFile() === true) return { main: path, file: path }
    // The endings of this process, which are the same for every `require`. Deno may have none.
    const nodes = Object.keys(requireFrom('/').extensions ?? {})
    const scripts = nodes.filter((ending) => !NO_SCRIPTS.includes(ending))
    const file = fileAt(path, [...new Set([...OURS, ...scripts])]) ?? mainOf(path, scripts)
    if (file === undefined) return undefined
    // Node.js is given the path as it is wherever it comes to the same file.
    return { main: (fileAt(path, nodes) ?? mainOf(path, nodes)) === file ? path : file, file }
  }, undefined)
}

/** The script of a path as {@link scriptFile} has it; the path itself where that does not tell. */
export function scriptOrPath(path: string): ScriptFile {
  return scriptFile(path) ?? { main: path, file: path }
}

/** As Node.js has it: a file goes before a folder of that name. */
function fileAt(path: string, endings: readonly string[]): string | undefined {
  return [path, ...endings.map((ending) => `${path}${ending}`)].find((one) => statsAt(one)?.isFile() === true)
}

function mainOf(folder: string, endings: readonly string[]): string | undefined {
  if (statsAt(folder)?.isDirectory() !== true) return undefined
  const index = (inside: string): string | undefined =>
    endings.map((ending) => join(inside, `index${ending}`)).find((one) => statsAt(one)?.isFile() === true)
  const main = manifestMain(folder)
  if (main === undefined) return index(folder)
  const named = resolve(folder, main)
  return fileAt(named, endings) ?? index(named) ?? index(folder)
}

/** `main` of its package.json. */
function manifestMain(folder: string): string | undefined {
  try {
    const manifest: { main?: unknown } | null = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return typeof manifest?.main === 'string' && manifest.main !== '' ? manifest.main : undefined
  } catch (error) {
    if (isSystemError(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

function statsAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (isSystemError(error)) return undefined
    throw error
  }
}

/** Why a path is no script, in the words of a refused option. */
export interface ScriptProblem {
  readonly what: string
  readonly advice: string
  readonly cause?: unknown
}

/**
 * The fault of a script; undefined if it has none, or Node.js does not permit to look.
 *
 * @param isNodes - whether Node.js itself is to execute it
 */
export function scriptProblem(path: string, isNodes: boolean): ScriptProblem | undefined {
  return ifPermitted(() => {
    const found = scriptFile(path)
    if (found === undefined) return notFound(path)
    try {
      accessSync(found.file, constants.R_OK)
    } catch (error) {
      if (!isSystemError(error)) throw error
      return { what: unreadable(path, `not: ${systemReason(error)}`), advice: '', cause: error }
    }
    const shim = isNodes ? shimTarget(found.file) : undefined
    if (shim === undefined) return undefined
    const what = `must be JavaScript, but ${show(path)} is a shell script, which executes ${shim}`
    return { what, advice: 'Give that file.' }
  }, undefined)
}

/**
 * Refuses a path that is no script.
 *
 * @throws InvalidOptionError with the system error as `cause`
 */
export function checkScript(path: string, isNodes: boolean): void {
  const problem = scriptProblem(path, isNodes)
  if (problem !== undefined) throw refused('script', path, problem.what, problem.advice, problem.cause)
}

function unreadable(path: string, is: string): string {
  return `must be a file that can be read, but ${show(path)} is ${is}`
}

function notFound(path: string): ScriptProblem {
  try {
    if (!statSync(path).isDirectory()) return { what: unreadable(path, 'something else'), advice: '' }
    const main = manifestMain(path)
    const named = main === undefined ? '' : ` (nor is there the 'main' of its package.json, ${show(main)})`
    const what = unreadable(path, `a folder without an index.js${named}`)
    return { what, advice: present(path, 'index') }
  } catch (error) {
    if (!isSystemError(error)) throw error
    const advice = present(dirname(path), basename(path, extname(path)))
    return { what: unreadable(path, `not: ${systemReason(error)}`), advice, cause: error }
  }
}

/** Files of that name with other endings, as a sentence of advice. */
function present(folder: string, stem: string): string {
  try {
    const isScript = (name: string): boolean =>
      name.startsWith(`${stem}.`) && JAVASCRIPT.test(name) && statsAt(join(folder, name))?.isFile() === true
    const names = readdirSync(folder).filter(isScript)
    const shown = names.slice(0, MOST_SHOWN).join(', ')
    return names.length === 0
      ? ''
      : `In ${folder} there is ${shown}${names.length > MOST_SHOWN ? ', …' : ''}.`
  } catch {
    return ''
  }
}

const MOST_SHOWN = 5

/** A file with such an ending is for Node.js, whatever its first line says. */
const JAVASCRIPT = /\.[cm]?[jt]sx?$/

/** The number of bytes to search; shims of package managers have the line within fewer. */
const HEAD = 65_536

const SHELL = /^#![ \t]*(?:\S*\/)?(?:env[ \t]+(?:-S[ \t]+)?)?((?:ba|da|a|k|z)?sh)\b/

/** The shell that a file names in its first line; undefined if it names none. */
export function shellOf(file: string): string | undefined {
  return SHELL.exec(headOf(file))?.[1]
}

/** `exec node "$basedir/../typescript/bin/tsc" "$@"`, as npm and pnpm write it. */
const SHIM = /^[ \t]*exec[ \t].*"\$basedir\/(?!node")([^"]+)"/m

/** The file that a shim of `node_modules/.bin` executes; undefined if the file is no shim. */
function shimTarget(file: string): string | undefined {
  const head = headOf(file)
  const target = SHELL.test(head) ? SHIM.exec(head)?.[1] : undefined
  return target === undefined ? undefined : join(dirname(file), target)
}

function headOf(file: string): string {
  if (JAVASCRIPT.test(file)) return ''
  try {
    const fd = openSync(file, 'r')
    try {
      const head = Buffer.alloc(HEAD)
      return head.toString('utf8', 0, readSync(fd, head, 0, HEAD, 0))
    } finally {
      closeSync(fd)
    }
  } catch {
    // Node.js cannot read the file either, and will say so.
    return ''
  }
}
