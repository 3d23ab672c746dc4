/** When a body counts as ready. */

import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { here } from './here.js'
import { mainModuleUrl } from './main-module.js'
import { requireFrom } from './require.js'

/** How often a program with a failing exit code is looked at, and the time between, in milliseconds. */
const LOOKS = 50
const BETWEEN_LOOKS = 20

/**
 * What fails "at once" has failed after this: two turns of the event loop, and two more as long as a host name is being
 * looked up, for a `listen(port, 'localhost')` fails only after that.
 *
 * Never settles for a program that has said by `process.exitCode` that it has failed, and has nothing left to do: its
 * end comes first, since no timer of this keeps the event loop alive. Of work in threads (a hash, a worker) nothing
 * tells: a program with such a code that has nothing else to do is given a second.
 */
export async function atOnce(): Promise<void> {
  do {
    await turn()
    await turn()
  } while (process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap'))
  for (let looks = 0; looks < LOOKS && hasFailingCode(); looks++) {
    await delay(BETWEEN_LOOKS, undefined, { ref: false })
    if (process.getActiveResourcesInfo().length > 0) return
  }
}

/** Whether the program has said that it is going to end with a failure. */
export function hasFailingCode(): boolean {
  return Number(process.exitCode ?? 0) !== 0
}

/**
 * Waits until the main module has been evaluated, top-level awaits and all, and never settles when that fails.
 * Settles at once where that has no end to wait for: in CommonJS, whose code runs before any wait begins.
 */
export async function mainEvaluated(): Promise<void> {
  if (process.mainModule !== undefined) return
  const url = mainModuleUrl(requireFrom(here).resolve)
  if (url === undefined) return
  try {
    // Node has it already: this settles with the evaluation that is under way.
    await import(url)
  } catch {
    // Node reports that itself, and the preload tells the launcher.
    await new Promise(() => {})
  }
}
