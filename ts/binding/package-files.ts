/** Finds the package's files beside this code, unless it is bundled without them. Runs in both processes. */

import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Denial, ifPermitted, isDenied } from './denied.js'
import { isBunExecutable } from './single-executable.js'

/** The address of this code's own file. */
export const ownAddress: string = place()

function place(): string {
  // Its modules are at places that no other file can be put beside.
  if (isBunExecutable()) return pathToFileURL(process.execPath).href
  // A bundle in CommonJS has no `import.meta.url`.
  return import.meta.url ?? pathToFileURL(__filename).href
}

/** A file of the package beside this one; undefined if this is a bundle without it. */
export function beside(name: string): string | undefined {
  const path = pathOf(name)
  // If Node.js does not permit to see the file, it does not permit the daemon to load it either.
  return ifPermitted(() => existsSync(path), false) ? path : undefined
}

/** Why it cannot be checked whether that file exists. */
export function denialOf(name: string): Denial | undefined {
  try {
    existsSync(pathOf(name))
    return undefined
  } catch (error) {
    return isDenied(error) ? error : undefined
  }
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, ownAddress))
}
