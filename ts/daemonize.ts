/** `await daemonize()`: the program becomes a daemon, and goes on after the call. Runs in both processes. */

import { claimInline } from './inside/claim.js'
import { isOwn, route } from './inside/route.js'
import { loadVerbs } from './late.js'
import { never } from './never.js'
import type { Settings } from './options/settings.js'
import { validateOptions } from './options/validate.js'
import { refused } from './say.js'
import { isSupervised } from './supervisor/environment.js'
import type { DaemonContext } from './types/context.js'
import type { DaemonizeOptions } from './types/options.js'
import type { Running } from './types/status.js'

/** The result of `daemonize({ exit: false })` in the launcher. */
export type LauncherResult = { role: 'launcher' } & Running

/**
 * Makes this program a daemon. The module runs from its top in both processes: in the launcher the call ends the
 * process once the daemon is ready, in the daemon it resolves, and the rest of the module is the body.
 *
 * The daemon is ready when the main module has been evaluated, so `await daemonize(); await db.connect();
 * server.listen(8080)` is ready when it listens. In CommonJS that has no such end: there it is ready right after the
 * call, unless it says `ready: 'manual'` and calls `context.ready()`.
 *
 * Under a supervisor (a systemd service, a launchd job, a service of Windows, PID 1 of a container), and with `detach:
 * false`, this process becomes the daemon itself, as with `Daemon#foreground`.
 *
 * @returns in the daemon its context; in the launcher nothing, or with `exit: false` what was started
 * @throws AlreadyRunningError, StartFailedError, ReadyTimeoutError, PidFileError, InvalidOptionError and the others of
 * `Daemon#start`, in the launcher
 */
export function daemonize<A extends readonly unknown[] | [] = unknown[]>(
  options: DaemonizeOptions<A> & { exit: false },
): Promise<LauncherResult | DaemonContext<A>>
export function daemonize<A extends readonly unknown[] | [] = unknown[]>(
  options: DaemonizeOptions<A> & { exit?: true },
): Promise<DaemonContext<A>>
export function daemonize<A extends readonly unknown[] | [] = unknown[]>(
  options: DaemonizeOptions<A>,
): Promise<LauncherResult | DaemonContext<A>>
export async function daemonize(options: DaemonizeOptions): Promise<LauncherResult | DaemonContext> {
  const settings = validateOptions(options, 'daemonize')
  if (isOwn(settings.pidFile)) return await claimInline(settings)
  // In the daemon of another pidfile: the launcher has done that call, and what follows it is another daemon's body.
  if (route(settings.pidFile) !== 'outside') return await never
  const { detach } = settings
  const { foregroundInline, start } = await loadVerbs()
  if (detach === false || (detach === 'auto' && isSupervised())) {
    return await foregroundInline(settings, () => argsOf(settings))
  }
  const running = await start(settings, () => argsOf(settings))
  if (settings.exit) process.exit(0)
  return { role: 'launcher', ...running }
}

async function argsOf({ args }: Settings): Promise<readonly unknown[]> {
  const values = typeof args === 'function' ? await args() : args
  if (Array.isArray(values)) return values
  throw refused('args', values, `is a function that must return an array, not ${typeof values}`)
}
