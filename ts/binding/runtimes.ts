/** How a runtime other than Node.js is started. Runs in both processes. */

import { UnsupportedError } from '../errors.js'

/** The part of Deno's global object that is used here. */
interface Deno {
  permissions: { querySync(descriptor: { name: string }): { state: string } }
}

const DENO_PERMISSIONS = ['read', 'write', 'net', 'env', 'sys', 'run', 'ffi'] as const

/**
 * The first words of this runtime's command line, which give the daemon the permissions of this process. Deno does not
 * tell with which flags it was started, so a permission for some paths or hosts only is left out.
 */
export function runtimeFlags(): string[] {
  const deno: Deno | undefined = Reflect.get(globalThis, 'Deno')
  if (deno === undefined) return []
  const granted = DENO_PERMISSIONS.filter((name) => deno.permissions.querySync({ name }).state === 'granted')
  return ['run', '--quiet', '--no-prompt', ...granted.map((name) => `--allow-${name}`)]
}

/**
 * Refuses sockets where a descriptor cannot become one: on Bun and Deno.
 *
 * @throws UnsupportedError
 */
export function refuseSockets(pidFile: string): void {
  const runtime = ['Bun', 'Deno'].find((name) => name in globalThis)
  if (runtime === undefined) return
  const message =
    `A daemon with a socket is not supported on ${runtime}, which makes no socket of a descriptor. ` +
    'Run the program by Node.js, or listen in the daemon yourself.'
  throw new UnsupportedError(message, { pidFile, feature: 'socket' })
}

/**
 * How Electron runs: as an app, with a browser in it, or by ELECTRON_RUN_AS_NODE as the Node.js that it contains.
 * Undefined in any other runtime.
 */
export function electron(): 'app' | 'node' | undefined {
  if (process.versions.electron === undefined) return undefined
  return Reflect.get(process, 'type') === undefined ? 'node' : 'app'
}
