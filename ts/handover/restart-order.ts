/**
 * What a daemon and the helper that restarts it tell each other, as messages of Node's IPC channel.
 */

import type { LaunchSettings } from './settings.js'

/** What the helper is told. */
export interface RestartOrder {
  /** The daemon that is to be replaced. */
  readonly pid: number
  readonly pidFile: string
  /** What its successor is told. */
  readonly settings: LaunchSettings
  /** The arguments, serialised, in base64. */
  readonly args: string
  readonly relaunch: string
}

/** What the helper answers before it does anything. */
export type RestartAnswer = { readonly ok: true } | { readonly ok: false; readonly message: string }
