/** The daemon that this process is: what adoption has put in place. */

import type { DaemonContext } from './context.js'
import type { NativeIdentity } from './native.js'
import type { ReadyMode } from './options.js'
import type { NamedAction } from './signal-actions.js'

/**
 * What the daemon executes: the launcher's program again; a script that is the body itself; or the module that
 * constructs the Daemon whose `run` is the body.
 */
export type BodyKind = 'program' | 'script' | 'module'

/** What the launcher tells the daemon, beside its arguments. Plain JSON. */
export interface LaunchSettings {
  readonly kind: BodyKind
  readonly name?: string | undefined
  readonly title?: string | undefined
  readonly cwd: string
  readonly ready: ReadyMode
  readonly stopTimeout?: number | undefined
  readonly chroot?: string | undefined
  /** Whose rights are taken when the body begins. */
  readonly identity?: NativeIdentity | undefined
  /** The soft limit of open files, which Node's boot lifts to the hard one. */
  readonly softNofile?: number | undefined
  readonly oomScoreAdj?: number | undefined
  /** Descriptors that children inherit, which Node's boot keeps from them. */
  readonly keepFds?: readonly number[] | undefined
  /** A script's: elsewhere the program brings them along itself. */
  readonly signals?: Readonly<Record<string, NamedAction>> | undefined
  /** The logs to open again on reload: one path for each output that goes to a file. */
  readonly stdout?: string | undefined
  readonly stderr?: string | undefined
}

/** The state of this daemon; one in a process, whatever copies of the package it loads. */
export interface AdoptedState {
  readonly pid: number
  readonly pidFile: string
  readonly settings: LaunchSettings
  /** Serialised by v8. */
  readonly args: Buffer
  /** The body has been found: later verbs do what they say. */
  claimed: boolean
  /** The body is a `run` or inline, not the script as such. */
  hasOwnBody: boolean
  /** That body has been chosen, and begins in the next turn: until then no verb settles. */
  isPending: boolean
  /** The pidfiles of the Daemons that the program has constructed, for the error when none of them claims. */
  readonly constructed: string[]
  isReady: boolean
  context: DaemonContext | undefined
  /** Tells the launcher; once. */
  markReady(): void
  /** Claims for the Daemon that the program has constructed last for the adopted pidfile. */
  claimConstructed: (() => void) | undefined
  /** Takes away the signal actions that stand in a script until it has a context. */
  removeStandIns: (() => void) | undefined
  /** Root folder, current folder and rights become those of the body. Ends the process when that fails. */
  enter(): void
  /** The event loop has run dry. */
  onIdle(): void
}

const STATE = Symbol.for('daimon.adopted')

const found: AdoptedState | undefined = Reflect.get(globalThis, STATE)

/** The daemon that this process is; undefined in any other process, and in workers. */
export const adopted: AdoptedState | undefined = found
