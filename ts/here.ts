/** Where this code is: in the package, or in the bundle that somebody has made of it and of their program. */

import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isBunExecutable } from './single-executable.js'

export const here: string = place()

function place(): string {
  // Its modules are at places that no other file can be put beside.
  if (isBunExecutable()) return pathToFileURL(process.execPath).href
  // A bundle in CommonJS has no `import.meta.url`.
  return import.meta.url ?? pathToFileURL(__filename).href
}

/** A file of the package beside this one; undefined where a bundle has left it behind. */
export function beside(name: string): string | undefined {
  const path = fileURLToPath(new URL(name, here))
  return existsSync(path) ? path : undefined
}
