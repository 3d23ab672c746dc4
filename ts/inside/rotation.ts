/** Has the core rotate this daemon's log. Part of the preload: it loads nothing. */

import type { Binding } from '../binding/load.js'
import type { LaunchSettings } from '../handover/settings.js'
import { writeStderr } from './stderr.js'

/** If rotation is impossible the log grows: the daemon says so, and goes on. */
export function startRotation(binding: Binding, { stdout, stderr }: LaunchSettings): void {
  const file = stdout?.rotation === undefined ? stderr : stdout
  if (file?.rotation === undefined) return
  const { path, mode, rotation } = file
  const failure = binding.startRotation({ path, ...rotation, ...(mode === undefined ? {} : { mode }) })
  if (failure !== null) writeStderr(`daimon: the log is not rotated: ${failure.message}`)
}
