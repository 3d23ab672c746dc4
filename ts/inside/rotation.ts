/**
 * Lets the core rotate this daemon's log. Runs in the daemon. It is loaded before a script: it imports only what the
 * list in `bundles-of-the-package.test.js` has.
 */

import type { Binding } from '../binding/load.js'
import type { LaunchSettings } from '../handover/settings.js'
import { writeStderr } from './stderr.js'

/** If rotation is impossible, the daemon says so and goes on; its log grows. */
export function startRotation(binding: Binding, { stdout, stderr }: LaunchSettings): void {
  const file = stdout?.rotation === undefined ? stderr : stdout
  if (file?.rotation === undefined) return
  const { path, mode, rotation } = file
  const failure = binding.startRotation({ path, ...rotation, ...(mode === undefined ? {} : { mode }) })
  if (failure !== null) writeStderr(`daimon: the log is not rotated: ${failure.message}`)
}
