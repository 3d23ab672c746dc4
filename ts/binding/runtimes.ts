/** How a runtime other than Node.js is started. */

/** Of Deno's global object what is asked of it. */
interface Deno {
  permissions: { querySync(descriptor: { name: string }): { state: string } }
}

const DENO_PERMISSIONS = ['read', 'write', 'net', 'env', 'sys', 'run', 'ffi'] as const

/**
 * What has to come first on the command line of this runtime for the daemon to be as free as this process is. Deno does
 * not tell with which flags it was started; a right that holds for some paths or hosts only is left out.
 */
export function runtimeFlags(): string[] {
  const deno: Deno | undefined = Reflect.get(globalThis, 'Deno')
  if (deno === undefined) return []
  const granted = DENO_PERMISSIONS.filter((name) => deno.permissions.querySync({ name }).state === 'granted')
  return ['run', '--quiet', '--no-prompt', ...granted.map((name) => `--allow-${name}`)]
}

/**
 * Electron runs as an app, with a browser in it, or by ELECTRON_RUN_AS_NODE as the Node.js that it contains; undefined
 * for what is not Electron.
 */
export function electron(): 'app' | 'node' | undefined {
  if (process.versions.electron === undefined) return undefined
  return Reflect.get(process, 'type') === undefined ? 'node' : 'app'
}
