/**
 * Functions that `inside/` does not import: checks of values, the restart, the service of a socket. The facade provides
 * them (`ts/provide.ts`) before any code can ask for a context. Runs in the daemon.
 */

import type { ChildProcess } from 'node:child_process'
import type { NativeIdentity } from '../binding/native.js'
import type { SignalAction, SignalName } from '../types/signals.js'
import type { Service, ServicePlan } from './service.js'
import type { State } from './state.js'

/** Each check takes the name of the option for its error, and gives the value. */
export interface Provided {
  /** @throws InvalidOptionError */
  signalNameValue(option: string, value: unknown): SignalName
  /** @throws InvalidOptionError */
  signalActionValue(option: string, value: unknown): SignalAction
  /** @throws InvalidOptionError */
  abortSignalValue(option: string, value: unknown): AbortSignal
  /** @throws UnsupportedError where an open log cannot be exchanged */
  refuseReopen(): void
  /**
   * The rights for `dropPrivileges()`; undefined if the process has exactly these rights already.
   *
   * @throws InvalidOptionError
   */
  droppedTo(to: {
    user?: string | number
    group?: string | number
  }): { readonly identity: NativeIdentity; readonly variables: Readonly<Record<string, string>> } | undefined
  /**
   * Begins the restart of this daemon; gives the helper that is about to stop it.
   *
   * @throws DaemonError when the daemon would not start again
   */
  beginRestart(state: State, args: readonly unknown[] | undefined): Promise<ChildProcess>
  /**
   * Loads the code that serves a socket.
   *
   * @throws UnsupportedError when its file is there no longer, or of another version
   */
  loadService(): Promise<void>
  /**
   * Serves the daemon's socket.
   *
   * @throws StartFailedError when the socket that was inherited cannot be listened at
   */
  serve(plan: ServicePlan): Promise<Service>
}

let given: Provided | undefined

/** Called once by the facade. */
export function provide(all: Provided): void {
  given = all
}

/** The functions that the facade has provided. @throws Error without the facade */
export function provided(): Provided {
  if (given === undefined) throw new Error('daimon: the facade has not been loaded')
  return given
}
