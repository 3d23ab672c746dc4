/** The daemon that this process is: what adoption has put in place, or `foreground()`. */

import type { Binding } from '../binding/load.js'
import type { NativeIdentity } from '../binding/native.js'
import type { Rotation } from '../options/index.js'
import type { Supervisor } from '../supervisor/notify.js'
import type { DaemonContext } from '../types/context.js'
import type { Logger, ReadyMode } from '../types/options.js'
import type { NamedAction, SignalAction } from '../types/signals.js'
import type { SignalActions } from './signals/actions.js'

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
  /** The launch itself, for `context.restart()`: see `relaunch.ts`. */
  readonly relaunch?: string | undefined
  /** The logs to open again on reload: one for each output that goes to a file. */
  readonly stdout?: OutputFile | undefined
  readonly stderr?: OutputFile | undefined
}

/** A file that output goes to. */
export interface OutputFile {
  readonly path: string
  /** The permissions of one that must be made. */
  readonly mode?: number
  /** When the daemon itself rotates it. */
  readonly rotation?: Rotation
}

/** What only the daemon's own program can give: it has functions in it. */
export interface Bringer {
  readonly logger: Logger | undefined
  readonly signals: Readonly<Record<string, SignalAction>>
}

/** The state of this daemon; one in a process, whatever copies of the package it loads. */
export interface AdoptedState {
  /** The native part that has made it, for all copies of the package. The state of an older copy has none. */
  readonly binding?: Binding
  readonly pid: number
  readonly pidFile: string
  /** Whether it left its launcher's session; without a launcher it did not. */
  readonly detached: boolean
  readonly settings: LaunchSettings
  /** Serialised by v8, or as they were given in this very process. */
  readonly args: Buffer | readonly unknown[]
  /** The sockets that the supervisor has opened, by their names. */
  readonly sockets?: Readonly<Record<string, number>> | undefined
  /** Hears of the daemon's course. */
  readonly supervisor?: Supervisor | undefined
  /** Not the preload but `settle.js` begins the script: it comes after the modules that the user's flags import. */
  readonly isSettledByImport?: boolean
  /** The main program that this process was executed with, before any code of it could say something else. */
  readonly main?: string | undefined
  /** The body has been found: later verbs do what they say. */
  claimed: boolean
  /** The body is a `run` or inline, not the script as such. */
  hasOwnBody: boolean
  /** That body has been chosen, and begins in the next turn: until then no verb settles. */
  isPending: boolean
  /** The pidfiles of the Daemons that the program has constructed, for the error when none of them claims. */
  readonly constructed: string[]
  isReady: boolean
  /** Its body has failed before it was ready, and whoever called `foreground()` knows. */
  hasFailed?: boolean
  /** Why it has not become what its options say: its set-up was broken off, with the rights that it had. */
  setUpFailure?: { readonly error: unknown }
  context: DaemonContext | undefined
  /** Hands the context what only the program can give, whichever copy of the package has made it. */
  take: ((bringer: Bringer) => void) | undefined
  /** Tells whoever waits for it; once. */
  markReady(): void
  /** Tells whoever waits, before that, that the process is about to end. */
  tellEnd?(): void
  /** Handlers for signals stand: from now on others may send some. */
  markListening(): void
  /** Claims for the Daemon that the program has constructed last for the adopted pidfile. */
  claimConstructed: (() => void) | undefined
  /** The signal actions that are in force in a script until it has a context. */
  standIns: SignalActions | undefined
  /** Root folder, current folder and rights become those of the body. Ends the process when that fails. */
  enter(): void
  /** The event loop has run dry. */
  onIdle(): void
}

/** What is so of every daemon whose body has not begun. */
export function unbegun(): Pick<
  AdoptedState,
  'isPending' | 'constructed' | 'isReady' | 'context' | 'take' | 'claimConstructed' | 'standIns'
> {
  return {
    isPending: false,
    constructed: [],
    isReady: false,
    context: undefined,
    take: undefined,
    claimConstructed: undefined,
    standIns: undefined,
  }
}

const STATE = Symbol.for('daimon.adopted')

/** The daemon that this process is; undefined in any other process, and in workers. */
export function adopted(): AdoptedState | undefined {
  return Reflect.get(globalThis, STATE)
}

/** Makes this process known as that daemon, for good. */
export function becomeDaemon(state: AdoptedState): void {
  Reflect.set(globalThis, STATE, state)
}

const WORKER = Symbol.for('daimon.worker')

/** Whether this thread is a worker of a daemon: there is no state in it, but the process is adopted all the same. */
export function isWorkerOfDaemon(): boolean {
  return Reflect.get(globalThis, WORKER) === true
}

/** Makes this thread known as such. */
export function becomeWorkerOfDaemon(): void {
  Reflect.set(globalThis, WORKER, true)
}
