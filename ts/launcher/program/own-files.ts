/**
 * The package's own files that a daemon loads before its program. Evaluated in every process, with the facade's import;
 * used in the launcher.
 */

import { beside, ownFile } from '../../binding/package-files.js'

/** As many of them as have been put beside a bundle. */
const PRESENT = ['preload.cjs', 'kept.cjs', 'index.js', 'settle.js'].filter(
  (name) => beside(name) !== undefined,
)

/** Whether a file of the package is beside this code. */
export function isPresent(name: string): boolean {
  return PRESENT.includes(name)
}

/** The flags that load the preload. A bundle without that file adopts at import instead. */
export function preloadFlags(): string[] {
  return isPresent('preload.cjs') ? ['--require', ownFile('preload.cjs')] : []
}
