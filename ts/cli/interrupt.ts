/** Ctrl-C while a verb waits. */

import { Daemon } from '../index.js'
import { InterruptedError } from './errors.js'
import { type Interrupted, wasInterrupted } from './states.js'
import { nameOf } from './target.js'
import type { Call } from './verbs/verb.js'

/**
 * Runs `wait` with a signal that Ctrl-C aborts; a second Ctrl-C ends the program, as without this. In a daemon Ctrl-C
 * does not abort, because the daemon has actions of its own. In the command's own process a Ctrl-C between the end of
 * the wait and the end of the process changes nothing: the outcome has been told.
 */
export async function interruptible<T>(
  { daemon }: Pick<Call, 'daemon'>,
  wait: (interrupt: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const onInterrupt = (): void => controller.abort()
  if (Daemon.current === undefined) process.once('SIGINT', onInterrupt)
  try {
    return await wait(controller.signal)
  } finally {
    if (daemon !== undefined) process.off('SIGINT', onInterrupt)
  }
}

/** The error of a wait that was interrupted. */
export async function interrupted(daemon: Daemon, left: Interrupted): Promise<InterruptedError> {
  return new InterruptedError(wasInterrupted(nameOf(daemon), await daemon.status(), left))
}
