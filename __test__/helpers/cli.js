/** The `daimon` command, as its users run it. */

import { join } from 'node:path'
import { ROOT } from './index.js'

export const BIN = join(ROOT, 'dist/bin.js')

/** What the test's own terminal and supervisor say is not for the command. */
export const PLAIN = { NO_COLOR: undefined, FORCE_COLOR: undefined, NOTIFY_SOCKET: undefined }

/** Runs it to its end: `{ code, stdout, stderr }`. */
export const daimon = (place, ...args) => place.node([BIN, ...args], { env: PLAIN })

/** The flags that keep a daemon in the test's folder. */
export const at = (place, name = 'a') => ['--pid-file', place.file(`${name}.pid`)]
/** The same for one that is started. */
export const logged = (place, name = 'a') => [...at(place, name), '--log', place.file(`${name}.log`)]

/** A script that does nothing, for ever. */
export const idle = (place, name = 'idle.mjs') => place.write(name, 'setInterval(() => {}, 1e6)')

/**
 * Runs a shell script where /run and /var/log are empty, and nobody else's daemons: `daimon` is the command. As root of
 * a mount namespace, whose mounts end with it.
 */
export function privately(place, script) {
  const text = `mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log || exit 99
daimon() { "${process.execPath}" "${BIN}" "$@"; }
${script}`
  return place.command('unshare', ['-m', 'sh', '-c', text], { env: PLAIN })
}
