/** The standard streams of a daemon in the foreground. Runs in the process that becomes the daemon. */

import type { Settings, Stdio } from '../options/settings.js'

/** A stream that no option names stays as it is: the terminal's, or the supervisor's. */
export function streamsOf({ given }: Pick<Settings, 'given'>): Record<'stdin' | 'stdout' | 'stderr', Stdio> {
  const { stdin, stdout, stderr } = given
  const same: Stdio = { kind: 'inherit' }
  return { stdin: stdin ?? same, stdout: stdout ?? same, stderr: stderr ?? same }
}
