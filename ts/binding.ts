/** Loads the native binding: the one that was built beside this file, else the platform's package. */

import { here } from './here.js'
import { requireFrom } from './require.js'

export type Binding = typeof import('../native/binding.cjs')

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

/** The binary's names to try: which C library a Linux has shows when one of the two can be loaded. */
function candidates(): string[] {
  const host = `${process.platform}-${process.arch}`
  const names = process.platform === 'linux' ? [`${host}-gnu`, `${host}-musl`] : [host]
  // Beside it, where a bundle takes the binary along.
  return names.flatMap((name) => [`../native/daimon.${name}.node`, `./daimon.${name}.node`, `daimon-${name}`])
}

let binding: Binding | undefined

/** The binding; throws a plain Error that says what was tried and what to do. */
export function loadBinding(): Binding {
  if (binding !== undefined) return binding
  const failures: string[] = []
  const requireHere = requireFrom(here)
  for (const name of candidates()) {
    try {
      const found: Binding = requireHere(name)
      if (found.version() !== DAIMON_VERSION) {
        failures.push(`${name}: is version ${found.version()}, but daimon is ${DAIMON_VERSION}`)
        continue
      }
      binding = found
      return found
    } catch (error) {
      failures.push(
        `${name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
      )
    }
  }
  const host = `${process.platform}-${process.arch}, Node ${process.version}`
  const advice =
    'Reinstall daimon with optional dependencies; in a checkout of its sources run "npm run build".'
  throw new Error(`daimon has no native part for ${host}.\n  ${failures.join('\n  ')}\n${advice}`)
}
