/**
 * Opens this daemon's logs again. Runs in the daemon. It is loaded before a script: it imports only what the list in
 * `bundles-of-the-package.test.js` has.
 */

import type { Binding } from '../binding/load.js'
import { IS_WINDOWS } from '../binding/platform.js'
import type { LaunchSettings, OutputFile } from '../handover/settings.js'
import { writeStderr } from './stderr.js'

/** A log that cannot be opened stays as it is; `warn` and standard error are told why. */
export function reopenLogs(binding: Binding, settings: LaunchSettings, warn?: (text: string) => void): void {
  const { stdout, stderr, chroot } = settings
  // Below another root folder the path leads to another file, or to none. On Windows an open log stays the same file.
  if (chroot !== undefined || IS_WINDOWS) return
  for (const [path, { mode }] of new Map([stderr, stdout].filter(isFile).map((file) => [file.path, file]))) {
    const failure = binding.reopenLog(path, path === stdout?.path, path === stderr?.path, mode)
    if (failure === null) continue
    warn?.(failure.message)
    writeStderr(`daimon: the log stays as it is: ${failure.message}`)
  }
}

function isFile(file: OutputFile | undefined): file is OutputFile {
  return file !== undefined
}
