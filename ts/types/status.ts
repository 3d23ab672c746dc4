/** The state of a daemon, as the verbs give it. */

import type { SignalName } from './signals.js'

/** A daemon that is running, proven to hold its pidfile. What the system hides is absent. */
export interface Running {
  state: 'running'
  /** The PID of the daemon, in the PID namespace of the caller. With a keeper it is the keeper's. */
  pid: number
  /** It is not ready yet, and may still fail. Absent once it is, and on macOS, where the pidfile does not tell. */
  starting?: true
  /** It is about to end: told of a daemon with a socket (not on macOS), and of one with a keeper. Absent otherwise. */
  stopping?: true
  /** Absolute. */
  pidFile: string
  startedAt?: Date
  /** Milliseconds. */
  uptime?: number
  /** Resident memory, in bytes; with a keeper that of all its processes. */
  memory?: number
  /** CPU time of all threads, in milliseconds; with a keeper that of all its processes. */
  cpu?: number
  /**
   * Only of what `start()` and `restart()` resolve to: by then the daemon has ended again, in that way. It had begun
   * without failing, and had nothing left to do.
   */
  ended?: ExitInfo
  /** The processes that run the program, where a keeper runs them; `pid` is the keeper's then. */
  bodies?: Body[]
  /** How often the program has been started again. With a keeper. */
  respawns?: number
  /** How the program has ended last, and when. With a keeper. */
  lastExit?: ExitInfo & { at: Date }
  /** The program, as it was given. With the option `program`. */
  program?: string
  /** The program has ended, and is about to be started again. With a keeper; absent otherwise. */
  restarting?: true
}

/** A process that runs the program of a daemon with a keeper. What the system hides is absent. */
export interface Body {
  pid: number
  /** Which of the `instances`, from 0 on. */
  instance: number
  /** Counted from 1 on; `upgrade()` begins the next one. */
  generation: number
  ready: boolean
  /** Another one has taken its place, and it finishes its work. */
  draining: boolean
  startedAt?: Date
  /** Milliseconds. */
  uptime?: number
  /** Resident memory, in bytes. */
  memory?: number
  /** CPU time of all threads, in milliseconds. */
  cpu?: number
}

/** No process holds the pidfile. */
export interface Stopped {
  state: 'stopped'
  /** Absolute. */
  pidFile: string
  /** The last daemon crashed and left its text behind. The next start takes the file over. */
  stale: boolean
}

/** A process holds the pidfile, and nothing proves from here that it is the daemon. It is never signalled. */
export interface Unverified {
  state: 'unverified'
  /** Absolute. */
  pidFile: string
  /** The PID in the pidfile. */
  pid?: number
  /** Why the holder is not proven. */
  reason: string
}

/** The result of `status()`. */
export type Status = Running | Stopped | Unverified

/** The result of `stop()`. */
export type StopResult = Stopped & {
  /** Whether there was a daemon to stop. */
  wasRunning: boolean
  /** Whether it had to be killed. */
  forced: boolean
}

/** How a daemon ended, where the kernel tells. */
export interface ExitInfo {
  /** Its exit code, from 0 to 255; absent when a signal has ended it. */
  code?: number
  /** The signal that has ended it. */
  signal?: SignalName
}
