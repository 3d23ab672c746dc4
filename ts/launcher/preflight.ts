/**
 * All checks before a start, in one order for each way to a daemon: `start()` and `daemonize()`,
 * `foreground()`, `restart()`, and `context.restart()`. Runs in the launcher, in the process that becomes the daemon,
 * and in a daemon that restarts itself.
 *
 *  1. The arguments: they are asked for, and serialised.
 *  2. Refusals of starts that cannot work in this way at all.
 *  3. The rights: users, groups, limits, descriptors.
 *  4. The paths of the options: script, program, folders, logs.
 *  5. The files that a daemon begins with, or the sockets of its supervisor.
 *  6. For restart(): whether the pidfile can be made again. A start learns that from the lock that it takes.
 *
 * For restart(): find everything that would make the start fail before stopping the old daemon.
 */

import { serializeArgs } from '../handover/args.js'
import { checkOptions } from '../options/check.js'
import { makeDefaultFolder } from '../options/default-folder.js'
import type { Rights } from '../options/rights.js'
import type { CheckedSettings } from '../options/settings.js'
import { turn } from '../turn.js'
import { checkPidFile } from './pidfile.js'

/** The daemon's arguments, or a function that gives them. A Buffer holds arguments that are serialised already. */
export type Args = readonly unknown[] | Buffer | (() => Promise<readonly unknown[]>)

/** The settings that the checks need. */
export type RequestedSettings = CheckedSettings & {
  readonly signal: AbortSignal | undefined
  readonly defaultFolder: string | undefined
}

/** A start before its checks. */
export interface StartRequest<S extends RequestedSettings = RequestedSettings, F = unknown> {
  readonly settings: S
  readonly args: Args
  /** @throws UnsupportedError, InvalidOptionError */
  refuse(): void
  /** @throws InvalidOptionError, UnsupportedError, PermissionDeniedError */
  rights(): Rights
  /**
   * Finds the values that this way to a daemon needs beside its options.
   *
   * @throws StartFailedError, UnsupportedError
   */
  find(rights: Rights): F
}

/** A start with all that the checks have found, so that none of them is made again. */
export interface CheckedStart<I extends StartRequest> {
  readonly settings: I['settings']
  /** As they were given. */
  readonly args: readonly unknown[] | Buffer
  /** As they are sent. */
  readonly bytes: Buffer
  readonly rights: Rights
  readonly resources: ReturnType<I['find']>
}

/**
 * Checks a start. Each part has a turn of its own, so that none holds up the event loop for half a millisecond.
 *
 * @param replaces - whether a daemon that runs now will be stopped for this start
 * @throws DaemonError of the kinds that a start has before it has begun; the reason of `settings.signal`
 */
export async function preflight<S extends RequestedSettings, F>(
  request: StartRequest<S, F>,
  replaces = false,
): Promise<CheckedStart<StartRequest<S, F>>> {
  const { settings } = request
  settings.signal?.throwIfAborted()
  const args = typeof request.args === 'function' ? await request.args() : request.args
  settings.signal?.throwIfAborted()
  const bytes = Buffer.isBuffer(args) ? args : serializeArgs(args)
  await turn()
  request.refuse()
  const rights = request.rights()
  checkOptions(settings, rights.identity)
  const resources = request.find(rights)
  await turn()
  settings.signal?.throwIfAborted()
  if (replaces) {
    // A missing folder would be refused as a pidfile's. startChecked() makes it again: a daemon may remove it.
    makeDefaultFolder(settings)
    checkPidFile(settings.pidFile)
  }
  return { settings, args, bytes, rights, resources }
}

/**
 * Checks the paths once more, when the old daemon has ended, because it may have removed its own folders. An error that
 * names the option says more than a failed launch.
 *
 * @throws InvalidOptionError
 */
export function checkPathsAgain({ settings, rights }: CheckedStart<StartRequest>): void {
  checkOptions(settings, rights.identity)
}
