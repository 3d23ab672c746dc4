/** Finds the package's files beside this code, unless it is bundled without them. Runs in both processes. */

import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Denial, ifPermitted, isDenied } from './denied.js'
import { isBunExecutable } from './single-executable.js'

/** The path of this code's own file. */
export const ownPath: string = place()

function place(): string {
  // Its modules are at places that no other file can be put beside.
  if (isBunExecutable()) return process.execPath
  // A bundle in CommonJS has no `import.meta.url`.
  // Written out: some bundlers replace just this expression.
  if (import.meta.url !== undefined) return fileURLToPath(import.meta.url)
  // Of code from standard input it is a name in brackets. Absolute now: the program may leave the folder.
  return resolve(__filename)
}

/** The path that a file of the package has beside this one. */
export function ownFile(name: string): string {
  return join(dirname(ownPath), name)
}

/** The same as an address. */
export function ownAddress(name: string): string {
  return pathToFileURL(ownFile(name)).href
}

/** A file of the package beside this one; undefined if this is a bundle without it. */
export function beside(name: string): string | undefined {
  const path = ownFile(name)
  // If Node.js does not permit to see the file, it does not permit the daemon to load it either.
  return ifPermitted(() => existsSync(path), false) ? path : undefined
}

/** Why it cannot be checked whether that file exists. */
export function denialOf(name: string): Denial | undefined {
  try {
    existsSync(ownFile(name))
    return undefined
  } catch (error) {
    return isDenied(error) ? error : undefined
  }
}
