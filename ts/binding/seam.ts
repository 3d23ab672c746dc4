/**
 * Named steps at which a test can stop or kill this process, as in the core (`crates/core/src/seam.rs`). What is
 * shipped has none: the build leaves the calls out. Runs in both processes. It is loaded before a script.
 */

import type { Binding } from './load.js'

/** This process gets to a step. Each call stands on a line of its own, by which the build finds it. */
export function seam(binding: Binding, step: string): void {
  const reached: unknown = Reflect.get(binding, 'seam')
  if (typeof reached === 'function') reached(step)
}
