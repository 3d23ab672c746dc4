/** The package's own files that a daemon loads before its program. Runs in the launcher. */

import { fileURLToPath } from 'node:url'
import { beside, ownAddress } from '../../binding/package-files.js'

/** As many of them as have been put beside a bundle. */
const PRESENT = ['preload.cjs', 'index.js', 'settle.js'].filter((name) => beside(name) !== undefined)

/** Whether a file of the package is beside this code. */
export function isPresent(name: string): boolean {
  return PRESENT.includes(name)
}

/** The path of a file of the package. */
export function ownFile(name: string): string {
  return fileURLToPath(new URL(name, ownAddress))
}

/** The flags that load the preload. A bundle without that file adopts at import instead. */
export function preloadFlags(): string[] {
  return isPresent('preload.cjs') ? ['--require', ownFile('preload.cjs')] : []
}
