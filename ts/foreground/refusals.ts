/**
 * Refuses what this process cannot become. The options and the process itself tell. Runs in the process that becomes
 * the daemon.
 */

import { native } from '../binding/native.js'
import { isMainThread } from '../binding/platform.js'
import { refuseSockets } from '../binding/runtimes.js'
import { packer } from '../binding/single-executable.js'
import { AlreadyRunningError, UnsupportedError } from '../errors.js'
import { ownState } from '../inside/own-state.js'
import { isOwn } from '../inside/route.js'
import { refuseSnapshot } from '../launcher/refusals.js'
import { refuseAbsent, refuseRedirected } from '../options/absent.js'
import type { Settings } from '../options/settings.js'
import { errorOf, named, say, subject, type Text } from '../say.js'
import { givenSockets } from '../supervisor/environment.js'

/**
 * Refuses options that a running process cannot follow.
 *
 * @throws UnsupportedError
 */
export function refuseOptions(settings: Settings): void {
  refuseSnapshot(settings)
  if (settings.socket !== undefined) refuseSockets(settings.pidFile)
  refuseAbsent('LISTEN_FDS', givenSockets().count > 0)
  const { execPath, execArgv, stdin, stdout, stderr } = settings.given
  refuseRedirected([stdin, stdout, stderr].some((stream) => stream?.kind === 'file'))
  if (execPath !== undefined || execArgv !== undefined) {
    const option = execPath === undefined ? 'execArgv' : 'execPath'
    throw unsupported(
      settings,
      say`${subject(option)} is not supported: this process has been executed already`,
    )
  }
  if (!isMainThread(native())) refuseWorker(settings)
  if (settings.run === undefined && settings.script !== undefined && packer() === 'node') {
    const what = say`${subject('script')} is not supported in a single executable, which loads nothing but itself`
    throw unsupported(settings, say`${what}. Start it detached, with the ${named('execPath')} of a Node.js`)
  }
  if (settings.process.noNewPrivileges === true) {
    const what = say`${subject('noNewPrivileges')} is not supported: this process has threads already`
    throw unsupported(settings, say`${what}. Start it detached, or let the supervisor do it`)
  }
}

/** @throws UnsupportedError in a worker thread */
export function refuseWorker(settings: Settings): never {
  const message = 'A worker thread cannot become a daemon: the pidfile is held by its whole process'
  throw unsupported(settings, `${message}. Call it in the main thread, or start it detached`)
}

/**
 * Refuses a second daemon in one process.
 *
 * @param pending - the pidfile of the daemon that this process is about to become
 * @throws AlreadyRunningError, UnsupportedError
 */
export function refuseSecond(settings: Settings, pending: string | undefined): void {
  const own = ownState()?.pidFile ?? pending
  if (own === undefined) return
  const { pidFile } = settings
  if (isOwn(pidFile) || own === pidFile) {
    throw alreadyThisProcess(pidFile)
  }
  const message = `This process is the daemon of ${own} already, and can be no other's. Start it detached`
  throw unsupported(settings, message)
}

/** The error of a start in the very daemon that is to be started. */
export function alreadyThisProcess(pidFile: string): AlreadyRunningError {
  const { pid } = process
  const message = `${pidFile}: already running with PID ${pid}, this very process`
  return new AlreadyRunningError(message, { pidFile, pid })
}

function unsupported({ pidFile }: Settings, text: Text): UnsupportedError {
  return errorOf(
    say`${text}.`,
    (message) => new UnsupportedError(message, { pidFile, feature: 'foreground' }),
  )
}
