/** Options of the daemon's process: its user, its limits, the descriptors that it keeps. */

import type { PathLike } from './options.js'

/**
 * A resource limit: soft and hard one alike, or `[soft, hard]`, in the units of getrlimit(2): bytes, seconds (rttime:
 * microseconds) or counts. `Infinity` is none.
 */
export type LimitValue = number | readonly [soft: number, hard: number]

/**
 * The resource limits of getrlimit(2), in lower case. macOS has as, core, cpu, data, fsize, memlock, nofile, nproc, rss
 * and stack of them.
 */
export type LimitName =
  | 'as'
  | 'core'
  | 'cpu'
  | 'data'
  | 'fsize'
  | 'locks'
  | 'memlock'
  | 'msgqueue'
  | 'nice'
  | 'nofile'
  | 'nproc'
  | 'rss'
  | 'rtprio'
  | 'rttime'
  | 'sigpending'
  | 'stack'

/** Options of the process that the daemon is. */
export interface ProcessOptions {
  /**
   * The user that the daemon becomes when its body begins (a plain script: before its first line), by name or id, with
   * the user's group and supplementary groups. HOME, USER, LOGNAME and SHELL are the user's. Only root may give
   * another.
   * @default the launcher's
   */
  user?: string | number
  /**
   * The group that it has instead of the user's own, by name or id.
   * @default the group of `user`
   */
  group?: string | number
  /**
   * The folder that becomes the daemon's root when its body begins, before `cwd` and `user`. Not for plain scripts.
   * Only root may give it.
   */
  chroot?: PathLike
  /**
   * Whether nothing that the daemon executes can gain rights, by a set-user-id bit for one. Linux; not in the
   * foreground.
   * @default true when `user` is given; false in the foreground
   */
  noNewPrivileges?: boolean
  /**
   * Whether a crash may leave a core file, which would hold the daemon's secrets.
   * @default false
   */
  coreDumps?: boolean
  /** Resource limits by name. A hard one can be raised by root alone. */
  limits?: Readonly<Partial<Record<LimitName, LimitValue>>>
  /**
   * The nice value: from -20, first in turn, to 19, last. Below the launcher's it needs root.
   * @default the launcher's
   */
  nice?: number
  /**
   * How readily the kernel ends the daemon when memory runs out: from -1000, never, to 1000. Linux.
   * @default the launcher's
   */
  oomScoreAdj?: number
  /**
   * Descriptors of the launcher, from 3 on, that stay open in the daemon and its children. All others are closed.
   * @default []
   */
  keepFds?: readonly number[]
}
