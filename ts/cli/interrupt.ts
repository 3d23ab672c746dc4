/** Ctrl-C while a verb waits. */

import { Daemon } from '../index.js'
import { InterruptedError } from './errors.js'
import { nameOf } from './target.js'

/**
 * Runs `wait` with a signal that Ctrl-C aborts; a second Ctrl-C ends the program, as without this. In a daemon, whose
 * signals are its own, none does.
 */
export async function interruptible<T>(wait: (interrupt: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const onInterrupt = (): void => controller.abort()
  if (Daemon.current === undefined) process.once('SIGINT', onInterrupt)
  try {
    return await wait(controller.signal)
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

/** What a wait that was interrupted leaves: a daemon that `lives` on in some way, or `otherwise`. */
export async function interrupted(
  daemon: Daemon,
  lives: string,
  otherwise: string,
): Promise<InterruptedError> {
  const status = await daemon.status()
  const state = status.state === 'running' ? `${lives}, with PID ${status.pid}` : otherwise
  return new InterruptedError(`${nameOf(daemon)} ${state}: interrupted`)
}
