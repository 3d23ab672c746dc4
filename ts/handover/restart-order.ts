/**
 * The messages between a daemon and the helper that restarts it, on Node's IPC channel. Runs in both.
 */

import type { LaunchSettings } from './settings.js'

/** The daemon's order to the helper. */
export interface RestartOrder {
  /** The daemon to replace. */
  readonly pid: number
  readonly pidFile: string
  /** The settings of the new daemon. */
  readonly settings: LaunchSettings
  /** The arguments, serialised, in base64. */
  readonly args: string
  readonly relaunch: string
}

/** The helper's answer, before it does anything. */
export type RestartAnswer = { readonly ok: true } | { readonly ok: false; readonly message: string }
