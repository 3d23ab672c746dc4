/**
 * The supervisor that has started this process, by the environment: systemd, launchd, a container; on Windows by its
 * parent. Runs in the launcher, and in the process that becomes the daemon.
 */

import { native } from '../binding/native.js'
import { IS_WINDOWS } from '../binding/platform.js'

/** As this process was given it: read at import, before the program changes it. */
const GIVEN = {
  execPid: process.env.SYSTEMD_EXEC_PID,
  notifySocket: process.env.NOTIFY_SOCKET || undefined,
  watchdogPid: process.env.WATCHDOG_PID,
  watchdogTime: process.env.WATCHDOG_USEC,
  listenPid: process.env.LISTEN_PID,
  listenFds: process.env.LISTEN_FDS,
  listenNames: process.env.LISTEN_FDNAMES,
  launchdService: process.env.XPC_SERVICE_NAME,
} as const

/** The variables that are for this process alone. A program's own LISTEN_PORT is none of them. */
export const OURS_ALONE: RegExp =
  /^(?:NOTIFY_SOCKET|WATCHDOG_(?:PID|USEC)|LISTEN_(?:PID|FDS|FDNAMES|PIDFDID))$/

function isUs(pid: string | undefined): boolean {
  return pid === String(process.pid)
}

/** Whether a supervisor watches this process. If so, it would lose a daemon that this process starts. */
export function isSupervised(): boolean {
  // The service control manager tells later whether it waits for a service in this process.
  if (IS_WINDOWS) return native().isService()
  const { execPid, listenPid, notifySocket } = GIVEN
  if (isUs(execPid) || isUs(listenPid) || process.pid === 1) return true
  // systemd before version 248, podman and s6 do not say which process they have executed.
  return (notifySocket !== undefined && execPid === undefined) || isLaunchdJob()
}

/** Every program that a user opens has launchd's variable, too: `0`, or `application.…`. */
function isLaunchdJob(): boolean {
  const { launchdService: service } = GIVEN
  if (process.platform !== 'darwin' || process.ppid !== 1 || service === undefined) return false
  return service !== '0' && !service.startsWith('application.')
}

/** The address of the socket on which a supervisor wants to hear from its service. */
export function notifyAddress(): string | undefined {
  return GIVEN.notifySocket
}

/** The microseconds without a sign of life after which the supervisor ends this process; undefined if it does not. */
export function watchdogMicroseconds(): number | undefined {
  const { watchdogPid, watchdogTime } = GIVEN
  if (watchdogTime === undefined || (watchdogPid !== undefined && !isUs(watchdogPid))) return undefined
  const time = Number(watchdogTime)
  return Number.isSafeInteger(time) && time > 0 ? time : undefined
}

/** How many descriptors the supervisor has given, from 3 on, and their names as one list. */
export function givenSockets(): { count: number; names: readonly string[] } {
  const { listenPid, listenFds, listenNames } = GIVEN
  const count = isUs(listenPid) && /^\d+$/.test(listenFds ?? '') ? Number(listenFds) : 0
  const names = listenNames === undefined || listenNames === '' ? [] : listenNames.split(':')
  return { count, names }
}

/** Keeps children from speaking in the daemon's name, and from taking its sockets for their own. */
export function forgetSupervisor(): void {
  for (const name of Object.keys(process.env)) if (OURS_ALONE.test(name)) delete process.env[name]
}
