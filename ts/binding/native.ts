/**
 * The native binding, loaded with its first use, in a daemon before its body begins: importing the package never fails.
 * Runs in both processes.
 */

import { UnsupportedError } from '../errors.js'
import { type Binding, loadBinding } from './load.js'
import { isError } from './node-errors.js'

export type {
  LaunchedDaemon,
  NativeAttempt,
  NativeClientPlan,
  NativeConnection,
  NativeError,
  NativeEvent,
  NativeExit,
  NativeForegroundPlan,
  NativeIdentity,
  NativeLimits,
  NativeMessage,
  NativePlan,
  NativeStatus,
  NativeStopOptions,
  NativeStopped,
  Notifier,
  Passage,
  ProcessHandle,
  Waits,
  Work,
} from '../../native/binding.cjs'

/**
 * The binding.
 *
 * @throws UnsupportedError when there is none for this platform, or of another version
 */
export function native(): Binding {
  try {
    return loadBinding()
  } catch (cause) {
    const message = isError(cause) ? cause.message : String(cause)
    throw new UnsupportedError(message, { feature: 'native binding', cause })
  }
}
