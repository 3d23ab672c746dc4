/**
 * The state of the daemon that this process is. Only the daemon makes it: in the preload, or in `foreground()`. All
 * copies of the package share it. It is loaded before a script.
 *
 * A copy of the package may read and call a state that a copy of another version has made. So the public members of
 * this class and of all that it takes and gives ({@link SignalActions}, {@link Performer}, {@link ContextSlot},
 * {@link Supervisor}, {@link LaunchSettings}) are a contract between versions: after a change of it raise `STATE_ABI`.
 */

import type { Binding } from '../binding/load.js'
import { ownPath } from '../binding/package-files.js'
import { type SharedInDaemon, share, sharedOfThisLayout, signature } from '../binding/shared.js'
import type { LaunchSettings } from '../handover/settings.js'
import type { DaemonContext } from '../types/context.js'
import type { Logger } from '../types/options.js'
import type { SignalAction } from '../types/signals.js'
import type { KeptBody } from './kept-body.js'
import { type Performer, SignalActions } from './signals/actions.js'

/**
 * The daemon's body:
 *
 * - `unclaimed`: none yet. The program runs from its top, and the first verb on this daemon's pidfile claims.
 * - `script`: a plain script, which is its own body.
 * - `pending`: a `run` or the rest of the main module, which begins in the next turn. Until then no verb resolves or
 *   rejects.
 * - `begun`: the body has begun.
 */
export type Phase = 'unclaimed' | 'script' | 'pending' | 'begun'

/** The phases that may follow. Only a script claims a second time, in its own daemon, by a `run` or `daemonize()`. */
const NEXT: Readonly<Record<Phase, readonly Phase[]>> = {
  unclaimed: ['script', 'pending'],
  script: ['pending'],
  pending: ['begun'],
  begun: [],
}

/** The options with functions in them, which only the daemon's own program can give. */
export interface Bringer {
  readonly logger: Logger | undefined
  readonly signals: Readonly<Record<string, SignalAction>>
}

/** The context as the state holds it; any copy of the package may have made it. */
export interface ContextSlot {
  readonly context: DaemonContext
  take(bringer: Bringer): void
  /** The event loop has run dry. */
  end(): void
}

/** Hears of the course of a daemon that a supervisor watches. Times in milliseconds. */
export interface Supervisor {
  /** The start begins; it may take that long. */
  starting(time: number): void
  ready(): void
  status(text: string): void
  reloading(): void
  reloaded(): void
  /** The stop begins; its hooks may take that long. */
  stopping(time: number): void
}

/** The reports to the launcher or the supervisor, and the change of the process before the body begins. */
export interface Surroundings {
  ready(): void
  /** Called before `ready()` when the process is about to end, with this code. */
  ending(code: number): void
  /** The handlers for signals are in place: from now on other processes may send signals. */
  listening(): void
  /** Root folder, current folder and rights become those of the body. Ends the process when that fails. */
  enter(): void
  /** The program has ended without a claim. */
  unclaimed(constructed: readonly string[]): void
}

/** The parts of a state. */
export interface StateParts {
  readonly binding: Binding
  readonly pid: number
  readonly pidFile: string
  readonly detached: boolean
  readonly settings: LaunchSettings
  readonly args: Buffer | readonly unknown[]
  readonly sockets?: Readonly<Record<string, number>>
  readonly supervisor?: Supervisor | undefined
  readonly main?: string | undefined
  readonly isBegunByImport?: boolean
  readonly kept?: KeptBody | undefined
}

/** The daemon that this process is, and its phase. */
export class State implements SharedInDaemon {
  readonly abi: number
  readonly version: string
  readonly from: string
  readonly isWorker = false
  readonly binding: Binding
  readonly pid: number
  readonly pidFile: string
  /** Whether it left its launcher's session; without a launcher it did not. */
  readonly detached: boolean
  readonly settings: LaunchSettings
  /** Serialised by v8, or as they were given in this very process. */
  readonly args: Buffer | readonly unknown[]
  /** The sockets that the supervisor has opened, by their names. */
  readonly sockets: Readonly<Record<string, number>>
  readonly supervisor: Supervisor | undefined
  /** The main program that this process was executed with, read before the program could change it. */
  readonly main: string | undefined
  /** Only in a keeper's body. */
  readonly kept: KeptBody | undefined
  /** Whether the import hook (`settle.js`) begins the script, after the modules that the user's flags import. */
  readonly isBegunByImport: boolean
  /** Whether the wait for connections keeps the event loop alive, which Node.js does not show. */
  isServed = false
  /** Begins the script; the import hook (`settle.js`) calls it. */
  beginScript: (() => void) | undefined
  readonly #surroundings: Surroundings
  /** The pidfiles of the Daemons that the program has constructed, for the error when none of them claims. */
  readonly #constructed: string[] = []
  #phase: Phase
  #isReady = false
  readonly #readyListeners: (() => void)[] = []
  readonly #drainListeners: (() => void)[] = []
  #failure: { readonly error: unknown; readonly isSetUp: boolean } | undefined
  #slot: ContextSlot | undefined
  #actions: SignalActions | undefined
  #claimConstructed: (() => void) | undefined

  constructor(parts: StateParts, phase: Phase, surroundings: Surroundings) {
    const { abi, version, from } = signature(ownPath)
    this.abi = abi
    this.version = version
    this.from = from
    this.binding = parts.binding
    this.pid = parts.pid
    this.pidFile = parts.pidFile
    this.detached = parts.detached
    this.settings = parts.settings
    this.args = parts.args
    this.sockets = parts.sockets ?? {}
    this.supervisor = parts.supervisor
    this.main = parts.main
    this.isBegunByImport = parts.isBegunByImport ?? false
    this.kept = parts.kept
    this.#phase = phase
    this.#surroundings = surroundings
  }

  get phase(): Phase {
    return this.#phase
  }

  /** Whether a `run` or the rest of the main module is the body, instead of the script as such. */
  get hasOwnBody(): boolean {
    return this.#phase === 'pending' || this.#phase === 'begun'
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get context(): DaemonContext | undefined {
    return this.#slot?.context
  }

  /** Whether the body failed before it was ready. The caller of `foreground()` has been told. */
  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Why the set-up of the process failed. The process has kept the rights that it had. */
  get setUpFailure(): { readonly error: unknown } | undefined {
    return this.#failure?.isSetUp === true ? this.#failure : undefined
  }

  /** Records a constructed Daemon. For this daemon's pidfile, `claim` starts its body; the last one wins. */
  construct(pidFile: string, claim: (() => void) | undefined): void {
    this.#constructed.push(pidFile)
    if (claim !== undefined) this.#claimConstructed = claim
  }

  /** Whether another body can be chosen. */
  get mayClaim(): boolean {
    return this.setUpFailure === undefined && NEXT[this.#phase].includes('pending')
  }

  /**
   * Chooses the body, if that can be done yet. It begins in the next turn, so that the rest of the synchronous program
   * runs before, as in the launcher.
   *
   * @param beforehand - what the body's root folder or user may keep from being loaded; it never rejects
   */
  claim(begin: () => void, beforehand?: Promise<void>): boolean {
    if (!this.mayClaim) return false
    this.#move('pending')
    const enter = (): void => {
      this.#move('begun')
      this.#surroundings.enter()
      begin()
    }
    if (beforehand === undefined) setImmediate(enter)
    else void beforehand.then(() => setImmediate(enter))
    return true
  }

  /** The script is the body, from its first line on. */
  becomeScript(): void {
    this.#surroundings.enter()
    this.#move('script')
  }

  /** The script has been evaluated: the last Daemon it constructed for this pidfile claims. */
  mainEnded(): void {
    if (this.#phase !== 'unclaimed') return
    if (this.#claimConstructed === undefined) this.#surroundings.unclaimed(this.#constructed)
    else this.#claimConstructed()
  }

  /** Another body of the keeper has taken the place of this one. */
  drain(): void {
    for (const listener of this.#drainListeners.splice(0)) listener()
  }

  /** Calls the listener when {@link drain} is called. */
  whenDraining(listener: () => void): void {
    if (this.kept?.isDraining === true) listener()
    else this.#drainListeners.push(listener)
  }

  /** The event loop has run dry. A script's end is the daemon's, as that of any program. */
  idle(): void {
    if (this.#phase === 'unclaimed') this.#surroundings.unclaimed(this.#constructed)
    else this.#slot?.end()
  }

  /** Tells the launcher or the supervisor; once. */
  markReady(): void {
    if (this.#isReady) return
    this.#isReady = true
    this.#surroundings.ready()
    for (const listener of this.#readyListeners.splice(0)) listener()
  }

  /** Calls the listener when the daemon is ready. */
  whenReady(listener: () => void): void {
    if (this.#isReady) listener()
    else this.#readyListeners.push(listener)
  }

  /** Tells the launcher that the process is about to end. */
  tellEnd(): void {
    this.#surroundings.ending(Number(process.exitCode ?? 0))
  }

  /** @param isSetUp - of the process, before the body has begun */
  fail(error: unknown, { isSetUp }: { isSetUp: boolean }): void {
    this.#failure = { error, isSetUp }
  }

  /**
   * The signal actions; their listeners are in place from the first call on. A script has its actions before it has a
   * context. The context takes them over, because without them the system's defaults would end the process.
   */
  actionsBy(performer: Performer): SignalActions {
    const { kind, signals } = this.settings
    this.#actions ??= new SignalActions(performer, kind === 'script', signals)
    this.#actions.performBy(performer)
    return this.#actions
  }

  /** From now on other processes may send signals. */
  markListening(): void {
    this.#surroundings.listening()
  }

  hold(slot: ContextSlot): void {
    this.#slot = slot
  }

  /** Hands the context what only the program can give. */
  take(bringer: Bringer): void {
    this.#slot?.take(bringer)
  }

  #move(next: Phase): void {
    if (!NEXT[this.#phase].includes(next)) throw new Error(`daimon: ${next} cannot follow ${this.#phase}`)
    this.#phase = next
  }
}

/** The state of the daemon that this process is, where it has the layout that this copy knows; in a worker none. */
export function presentState(): State | undefined {
  const found = sharedOfThisLayout()
  return found === undefined || found.isWorker ? undefined : (found as State)
}

/** Shows the state to all copies of the package in this process, for good: this process is the daemon. */
export function shareState(state: State): void {
  share(state)
}

/** Makes this thread known as a worker of a daemon. */
export function becomeWorkerOfDaemon(): void {
  const mark: SharedInDaemon = { ...signature(ownPath), isWorker: true }
  share(mark)
}
