/** When a body counts as ready. */

import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { here } from '../binding/package-files.js'
import { requireFrom } from '../binding/require.js'
import { mainModuleUrl } from './main-module.js'

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

/**
 * Calls `ready`; where the program has nothing left to do, as it ends, and `isOver` before. Work in threads is not
 * shown: whether there is any shows in whether the loop goes on.
 */
export async function readyOrOver(ready: () => void, isOver: () => void): Promise<void> {
  if (process.getActiveResourcesInfo().length === 0) {
    const atEnd = (): void => {
      isOver()
      ready()
    }
    // Before the context's own, which takes the end of what is not ready for a failure.
    process.prependOnceListener('beforeExit', atEnd)
    await nextIteration()
    await nextIteration()
    process.off('beforeExit', atEnd)
  }
  ready()
}

/**
 * Settles when the event loop comes round, and never when it ends instead. The loop looks whether anything keeps it
 * alive before it comes to an immediate; the timer only ends its wait for events. By a timer alone, a slow machine
 * would be taken for a program that goes on.
 */
function nextIteration(): Promise<void> {
  return new Promise((resolve) => {
    // Again and again: a timer that has come before the wait would not end it.
    const wake = setInterval(() => {}, 1).unref()
    setImmediate(() => {
      clearInterval(wake)
      resolve()
    }).unref()
  })
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
