/** The main module's address, by which its evaluation can be waited for. */

/** Flags with which argv[1] is not the main module, or not by its real path. */
const UNSURE = /^(?:-e|-p|-pe|--eval\b.*|--print\b.*|--preserve-symlinks-main)$/

/** The URL of the main module; undefined where that is in doubt. */
export function mainModuleUrl(resolve: (path: string) => string): string | undefined {
  const [, main] = process.argv
  if (main === undefined || process.execArgv.some((flag) => UNSURE.test(flag))) return undefined
  try {
    // As Node does: links resolved, folders and missing endings completed.
    return process.getBuiltinModule('node:url').pathToFileURL(resolve(main)).href
  } catch {
    return undefined
  }
}
