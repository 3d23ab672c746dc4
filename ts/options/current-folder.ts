/** The current folder. It may have been removed, so only code that needs it asks for it. Runs in both processes. */

import { statSync } from 'node:fs'
import { isAbsolute, resolve, sep } from 'node:path'
import { isError } from '../binding/node-errors.js'
import { messageOf } from '../handover/thrown.js'
import { named, refused, say } from '../say.js'

/** The current folder; undefined where there is none any more. */
export function currentFolder(): string | undefined {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}

/** A path below the current folder, by the way on which the shell has come to that folder (`PWD`), links included. */
export function byShellFolder(path: string): string {
  const folder = currentFolder()
  const { PWD: way } = process.env
  if (folder === undefined || way === undefined || !isAbsolute(way) || !isSameFolder(folder, way)) return path
  return path === folder || path.startsWith(`${folder}${sep}`) ? `${way}${path.slice(folder.length)}` : path
}

function isSameFolder(one: string, other: string): boolean {
  try {
    const [{ dev, ino }, found] = [statSync(one), statSync(other)]
    return dev === found.dev && ino === found.ino
  } catch {
    return false
  }
}

/** The path, absolute; a failure says why a relative one leads nowhere. */
export function absolutePath(path: string): { path: string } | { why: string; cause: unknown } {
  try {
    return { path: resolve(path) }
  } catch (cause) {
    return { why: `is relative to the current folder, which ${stateOf(cause)}`, cause }
  }
}

/**
 * The current folder, for a start that was given none.
 *
 * @throws InvalidOptionError naming `cwd` where there is none any more
 */
export function neededFolder(): string {
  try {
    return process.cwd()
  } catch (error) {
    const what = `is missing, and the current folder ${stateOf(error)}`
    throw refused('cwd', undefined, what, say`Give ${named('cwd')}.`, error)
  }
}

function stateOf(error: unknown): string {
  const code: unknown = isError(error) ? Reflect.get(error, 'code') : undefined
  if (code === 'ENOENT') return 'is no longer there'
  return `cannot be told: ${messageOf(error)}`
}
