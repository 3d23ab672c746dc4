/** The rotation of this daemon's log, by the core. Part of the preload: it loads nothing. */

import type { Binding } from '../binding/load.js'
import type { LaunchSettings } from './state.js'
import { complain } from './stderr.js'

/** A log that cannot be rotated is one that grows: no reason to end, but one to say so. */
export function startRotation(binding: Binding, { stdout, stderr }: LaunchSettings): void {
  const file = stdout?.rotation === undefined ? stderr : stdout
  if (file?.rotation === undefined) return
  const { path, mode, rotation } = file
  const failure = binding.startRotation({ path, ...rotation, ...(mode === undefined ? {} : { mode }) })
  if (failure !== null) complain(`daimon: the log is not rotated: ${failure.message}`)
}
