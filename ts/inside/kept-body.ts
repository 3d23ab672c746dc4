/**
 * A keeper's body, as the daemon's own code sees it. Its code (`kept/`) is a file of its own, which only such a body
 * loads. Runs in the daemon. It is loaded before a script: it imports only what the list in
 * `bundles-of-the-package.test.js` has.
 */

import { type Binding, loadBinding } from '../binding/load.js'
import { ownFile } from '../binding/package-files.js'
import { requireOwn } from '../binding/require.js'
import type { LaunchSettings } from '../handover/settings.js'
import type { Supervisor } from './state.js'

/** What the keeper's word leads to. */
export interface KeptEvents {
  /** Another body has taken the place of this one, which finishes its work. */
  draining(): void
  /** Another body has opened the log again. */
  reopen(): void
  /** This body rotates the log from now on. */
  rotate(): void
}

/** What a body is told of a keeper in the foreground. */
export type Attached = NonNullable<LaunchSettings['attached']>

/** A body of a keeper. */
export interface KeptBody {
  /** Which of the bodies, from 0 on. */
  readonly instance: number
  /** The descriptors of the sockets that were declared, by their names. */
  readonly sockets: Readonly<Record<string, number>>
  /** Who hears of its course, where the keeper is in the foreground. */
  readonly supervisor: Supervisor | undefined
  /** Whether another body has taken the place of this one. */
  readonly isDraining: boolean
  /** The daemon ends: servers that are closed now are not given up by the program. */
  end(): void
  /** Has a drain wait, as for the outcome of an upgrade that this body has asked for; gives what ends that. */
  hold(): () => void
}

interface KeptFile {
  begin(binding: Binding, instance: number, attached: Attached | undefined, events: KeptEvents): KeptBody
  beginWorker(binding: Binding): void
}

/** Begins to be a body of a keeper. */
export function beginKept(
  binding: Binding,
  instance: number,
  { attached }: LaunchSettings,
  events: KeptEvents,
): KeptBody {
  process.getBuiltinModule('node:worker_threads').setEnvironmentData(KEPT, true)
  return keptFile().begin(binding, instance, attached, events)
}

/** What tells a worker that its process is a body. */
const KEPT = 'daimon: kept'

/** Begins in a worker, if this process is a body of a keeper. */
export function beginKeptWorker(): void {
  if (process.getBuiltinModule('node:worker_threads').getEnvironmentData(KEPT) !== true) return
  try {
    keptFile().beginWorker(loadBinding())
  } catch {
    // The package is out of reach by now, in another root folder: the worker's servers are its own.
  }
}

function keptFile(): KeptFile {
  return requireOwn()(ownFile('kept.cjs'))
}
