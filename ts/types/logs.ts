/** The daemon's log: its rotation, and the options of reading it. */

import type { PathLike } from './options.js'

/** A log that the daemon itself rotates, see {@link CommonOptions.log}. */
export interface LogOptions {
  /** The log. The rotated ones are beside it: `FILE.1` is the newest. */
  file: PathLike
  /**
   * A log of this size in bytes is rotated. It may become somewhat larger, since it is looked at from time to time.
   * @default it is not rotated
   */
  maxSize?: number
  /**
   * How many rotated logs are kept, at most 999.
   * @default 5
   */
  keep?: number
  /**
   * Whether rotated logs are compressed, all but the newest: `FILE.2.gz` and on.
   * @default false
   */
  compress?: boolean
  /**
   * The permissions of a log that is made, whatever the umask. An existing log keeps its own.
   * @default 0o640, and after a rotation those of the log before
   */
  mode?: number
}

/** The options of `logs()`. */
export interface LogsOptions {
  /**
   * How many of the last lines come first; `Infinity`: all that there are.
   * @default 10
   */
  lines?: number
  /**
   * Whether new lines follow as they are written, across rotations and restarts, until `signal` aborts.
   * @default false
   */
  follow?: boolean
  /** Ends it: the iteration rejects with the signal's reason. */
  signal?: AbortSignal
}
