/** Decides when a body is ready. Runs in the daemon. It is loaded before a script. */

import { requireOwn } from '../binding/require.js'
import { turn } from '../turn.js'
import { importModule } from './import-module.js'
import { mainModuleUrl } from './main-module.js'

/** How often a program with a failing exit code is looked at, and the time between, in milliseconds. */
const LOOKS = 50
const BETWEEN_LOOKS = 20

/**
 * Resolves when a failure "at once" would have happened: after two turns of the event loop, and two more as long as a
 * host name is being looked up, because `listen(port, 'localhost')` fails only after the look-up.
 *
 * Never resolves for a program that has set a failing `process.exitCode` and has nothing left to do: the timers here do
 * not keep the event loop alive, so the program ends first. Node.js does not show work in threads (a hash, a worker): a
 * program with such a code that does nothing else gets a second.
 */
export async function atOnce(): Promise<void> {
  do {
    await turn()
    await turn()
  } while (process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap'))
  for (let looks = 0; looks < LOOKS && hasFailingCode(); looks++) {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS).unref())
    if (process.getActiveResourcesInfo().length > 0) return
  }
}

/** A body that has begun: it becomes ready, or the program ends. */
interface BegunBody {
  /** Whether the daemon serves a socket: then the event loop goes on for certain, though Node.js does not show it. */
  readonly isServed: boolean
  /** Called before `ready()` when the program ends. */
  tellEnd(): void
}

/**
 * Calls `ready`: at once, but when the program ends if it has nothing left to do. Node.js does not show work in
 * threads, so a program that seems to have nothing left is given two iterations of the event loop to end. If it goes on
 * after them, it is ready.
 */
export async function readyOrOver(body: BegunBody, ready: () => void): Promise<void> {
  if (!body.isServed && process.getActiveResourcesInfo().length === 0) {
    const atEnd = (): void => {
      body.tellEnd()
      ready()
    }
    // Before the context's own listener, for which an end before ready is a failure.
    process.prependOnceListener('beforeExit', atEnd)
    await nextIteration()
    await nextIteration()
    process.off('beforeExit', atEnd)
  }
  ready()
}

/**
 * Resolves when the event loop begins its next iteration; never if the loop ends. The loop checks whether anything
 * keeps it alive before it runs an immediate; the timer only ends its wait for events. With a timer alone, a program on
 * a slow machine would look like one that goes on.
 */
function nextIteration(): Promise<void> {
  return new Promise((resolve) => {
    // An interval, because a single timer that fires before the wait would not end it.
    const wake = setInterval(() => {}, 1).unref()
    setImmediate(() => {
      clearInterval(wake)
      resolve()
    }).unref()
  })
}

/** Whether the program has set a failing exit code. */
export function hasFailingCode(): boolean {
  return Number(process.exitCode ?? 0) !== 0
}

/**
 * Resolves when the main module has been evaluated, with its top-level awaits; never if the evaluation fails. Resolves
 * at once in CommonJS, whose code has run before any wait begins.
 */
export async function mainEvaluated(): Promise<void> {
  if (process.mainModule !== undefined) return
  const url = mainModuleUrl(requireOwn().resolve)
  if (url === undefined) return
  try {
    // Node.js has the module already, so this import waits for the evaluation that is under way.
    await importModule(url)
  } catch {
    // Node.js reports the error itself, and the preload tells the launcher.
    await new Promise(() => {})
  }
}
