/** Whether this is Windows, where much of Unix is not there. Runs in both processes. It is loaded before a script. */

/** Asked for at import: the platform of a process does not change. */
export const IS_WINDOWS: boolean = process.platform === 'win32'

/** Who may do what other users may not, for advice. */
export const SUPERUSER: string = IS_WINDOWS ? 'an administrator' : 'root'

/** A path or a variable's name, for a comparison: on Windows case does not count in either. */
export function folded(name: string, isWindows: boolean = IS_WINDOWS): string {
  return isWindows ? name.toLowerCase() : name
}

/**
 * Whether this is the process's main thread. Elsewhere the native part knows, and `node:worker_threads` would cost
 * every start its time.
 */
export function isMainThread(native: { isMainThread(): boolean }): boolean {
  return IS_WINDOWS ? process.getBuiltinModule('node:worker_threads').isMainThread : native.isMainThread()
}
