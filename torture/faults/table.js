/**
 * The faults. Each has a name, and of these what it needs:
 *
 * - `wrap(command, confine)`: the command under the fault
 * - `prepare(folder)`: makes what it needs; gives `enter` (wraps each command in the place), `root` and `holder`
 * - `options(folder)`: options of the daemon
 * - `user`: the number of the user that does all of it, who has no other processes
 * - `inDaemon`: the daemon alone has it
 * - `losesLines`: the log is on a disk that is full
 * - `isBroken`: what is wrong is not mended afterwards
 * - `isShared`: a limit that all processes of the user share, Node's own threads too
 * - `works`: all verbs must succeed, because there is a fallback
 */

import { callFaults } from './calls.js'
import { limitFaults } from './limits.js'
import { placeFaults } from './places.js'

export const FAULTS = [...callFaults(), ...limitFaults(), ...placeFaults()]
