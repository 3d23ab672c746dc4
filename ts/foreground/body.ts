/** The body of a daemon that this process has become. Runs in the daemon. */

import { runBody } from '../inside/claim.js'
import { importModule } from '../inside/import-module.js'
import { atOnce } from '../inside/ready.js'
import type { State } from '../inside/state.js'
import { throwUncaught } from '../inside/uncaught.js'
import { scriptOrPath } from '../options/script.js'
import type { Settings } from '../options/settings.js'
import type { DaemonContext } from '../types/context.js'

/**
 * Runs the body; resolves when the daemon is ready. Its error is the caller's until then, and the process's own from
 * then on.
 */
export function untilReady(state: State, settings: Settings, context: DaemonContext): Promise<DaemonContext> {
  return new Promise((resolve, reject) => {
    const { signal, ready } = settings
    state.whenReady(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve(context)
    })
    // A half-started daemon is ended: here that is this process.
    const onAbort = (): void => {
      reject(signal?.reason)
      setImmediate(() => void context.stop(1))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    const { run } = settings
    const body =
      run === undefined
        ? runScript(state, settings, context)
        : runBody(state, ready, context, () => run(context, ...context.args))
    body.catch((error: unknown) => {
      if (state.isReady) return throwUncaught(error)
      state.fail(error, { isSetUp: false })
      // From now on the program decides when its process ends.
      signal?.removeEventListener('abort', onAbort)
      reject(error)
    })
  })
}

/** Runs the script in this process, with the arguments that it would have as the main program. */
async function runScript(state: State, settings: Settings, context: DaemonContext): Promise<void> {
  const { script, scriptArgs, ready } = settings
  if (script === undefined) return
  const { main, file } = scriptOrPath(script)
  process.argv.splice(0, process.argv.length, process.execPath, main, ...scriptArgs)
  // A `daemonize()` or a Daemon with `run` that the script calls says itself when it is ready.
  const markReady = (): void => {
    if (ready !== 'manual' && !state.hasOwnBody) context.ready()
  }
  if (ready === 'running') void atOnce().then(markReady)
  await importModule(process.getBuiltinModule('node:url').pathToFileURL(file).href)
  await atOnce()
  markReady()
}
