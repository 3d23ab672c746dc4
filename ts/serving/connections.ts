/**
 * The connections to this daemon: accepting them, counting its use, and leaving when it is unused. Runs in the daemon.
 */

import type { Socket } from 'node:net'
import { raise } from '../binding/errors.js'
import { awaitConnections, type ListenerWait } from '../binding/listener-wait.js'
import { native } from '../binding/native.js'
import { IS_WINDOWS } from '../binding/platform.js'
import type { Service, ServicePlan } from '../inside/service.js'
import type { Settled } from '../inside/shutdown.js'
import { throwUncaught } from '../inside/uncaught.js'
import { LONGEST_TIMER } from '../timer.js'
import type { ConnectionHandler, Peer } from '../types/connections.js'
import type { StopReason } from '../types/context.js'
import { framed } from './framed-socket.js'
import { watchFile } from './watch-file.js'

/** After a failure to accept, as where no descriptor is left: in milliseconds. */
const AFTER_FAILURE = 100

/** What is left of a stop's time for the hooks, in milliseconds, when connections have been waited for. */
const FOR_HOOKS = 1_000

/** How many connections are accepted in one turn of the event loop. */
const AT_ONCE = 64

/** The socket's connections, from the claim on. */
export class Connections implements Service {
  readonly #plan: ServicePlan
  readonly #open = new Set<Socket>()
  #work = 0
  #handler: ConnectionHandler | undefined
  #isReady = false
  #hasLeft = false
  /** Whether the path stood for the socket at first: in another root folder it does not, and tells nothing. */
  readonly #isFound: boolean
  /** Whether the socket's file is gone. */
  #isLost = false
  #endWatch: (() => void) | undefined
  #wait: ListenerWait | undefined
  /** When the last use ended. */
  #unusedSince = 0
  #timer: NodeJS.Timeout | undefined
  /** Called when a use ends after the daemon has begun to leave. */
  #onUnused: () => void = () => {}

  /** @throws StartFailedError when the socket that was inherited cannot be listened at */
  constructor(plan: ServicePlan) {
    this.#plan = plan
    const failure = native().listen()
    if (failure !== null) raise(failure)
    this.#wait = awaitConnections(() => this.#onWaiting())
    this.#isFound = native().isAtItsPath() === true
  }

  get size(): number {
    return this.#open.size
  }

  /** Looks at the path: when the socket's file is gone, nobody finds this daemon, and it leaves when it is unused. */
  #watchPath(): void {
    if (!this.#isFound || this.#hasLeft || this.#endWatch !== undefined) return
    const look = (): void => {
      // What cannot be seen is not gone: the daemon may have given up the right to look.
      if (this.#hasLeft || native().isAtItsPath() !== false) return
      this.#isLost = true
      this.#watchIdleness()
    }
    this.#endWatch = watchFile(this.#plan.socket.path, look)
    look()
  }

  /** Takes the handler; the daemon accepts once it is ready, too. */
  handleBy(handler: ConnectionHandler): void {
    this.#handler = handler
    this.#begin()
  }

  ready(): void {
    this.#isReady = true
    this.#begin()
  }

  /** Counts as use until the work settles. */
  async busy<T>(work: Promise<T>): Promise<T> {
    this.#work++
    try {
      return await work
    } finally {
      this.#work--
      this.#onUnused()
      this.#used()
    }
  }

  /**
   * Takes no connection any more: whoever waits is told by the end of the connection. If the daemon is unused, or makes
   * way for another version, its open connections and its work may end first, within `stopTimeout`: what it gives is
   * for that.
   */
  leave(reason: StopReason, stopTimeout: number = Number.POSITIVE_INFINITY): Settled | undefined {
    this.#hasLeft = true
    clearTimeout(this.#timer)
    native().leave()
    this.#wait?.end()
    this.#wait = undefined
    this.#endWatch?.()
    const waits = reason.by === 'idle' || (reason.by === 'signal' && native().isDisplaced())
    return waits ? () => this.#settled(stopTimeout - FOR_HOOKS) : undefined
  }

  /** Resolves when nothing is open and no work is left, or the time is over: then it destroys what is open. */
  #settled(time: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(time) ? setTimeout(finish, Math.max(time, 0)) : undefined
      const connections = this.#open
      this.#onUnused = () => {
        if (connections.size === 0 && this.#work === 0) finish()
      }
      this.#onUnused()
      function finish(): void {
        clearTimeout(timer)
        for (const socket of connections) socket.destroy()
        resolve()
      }
    })
  }

  #begin(): void {
    if (!this.#isServing) return
    this.#used()
    // The wait may have told already of clients that came before. The program's own call returns first.
    queueMicrotask(() => this.#onWaiting())
    // Later, because a client may wait.
    setImmediate(() => this.#watchPath())
  }

  get #isServing(): boolean {
    return this.#isReady && this.#handler !== undefined && !this.#hasLeft
  }

  #onWaiting(): void {
    if (!this.#isServing) return
    let pause = 0
    for (let count = 0; count < AT_ONCE && !this.#hasLeft; count++) {
      const accepted = this.#accept()
      if (accepted === 'failed') pause = AFTER_FAILURE
      if (accepted !== 'accepted') break
    }
    // A client that died before its hello may have kept the daemon when its idle time was over.
    this.#watchIdleness()
    if (pause > 0) setTimeout(() => this.#waitAgain(), pause)
    else this.#waitAgain()
  }

  #waitAgain(): void {
    const failure = this.#wait?.again()
    if (failure === undefined) return
    this.#plan.onFailure(failure.message)
    setTimeout(() => this.#waitAgain(), AFTER_FAILURE)
  }

  #accept(): 'accepted' | 'none' | 'failed' | 'thrown' {
    const { socket: settings, version } = this.#plan
    const visitor = native().accept(settings.hello, version)
    if (visitor === null) return 'none'
    if ('code' in visitor) {
      this.#plan.onFailure(visitor.message)
      return 'failed'
    }
    // As `os.userInfo()` has them where users have no numbers.
    const { fd, pid, uid = -1, gid = -1 } = visitor
    const { Socket } = process.getBuiltinModule('node:net')
    const plain = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true })
    const socket = IS_WINDOWS && settings.hello ? framed(plain, true) : plain
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#onUnused()
      // One that was closed right after the hello was no use.
      if (socket.bytesRead > 0) this.#used()
      else this.#watchIdleness()
    })
    const peer: Peer = pid === undefined ? { uid, gid } : { pid, uid, gid }
    try {
      this.#handler?.(socket, peer)
    } catch (error) {
      // If the program goes on, nobody is left who could end this connection.
      socket.destroy()
      throwUncaught(error)
      // If it ends the process, whoever waits is served by the next one.
      return 'thrown'
    }
    return 'accepted'
  }

  #used(): void {
    this.#unusedSince = performance.now()
    this.#watchIdleness()
  }

  #watchIdleness(): void {
    const idleTimeout = this.#isLost ? 0 : this.#plan.idleTimeout
    clearTimeout(this.#timer)
    if (!Number.isFinite(idleTimeout) || !this.#isServing) return
    const left = this.#unusedSince + idleTimeout - performance.now()
    if (left > 0) {
      this.#timer = setTimeout(() => this.#watchIdleness(), Math.min(Math.ceil(left), LONGEST_TIMER))
    } else if (this.#open.size === 0 && this.#work === 0 && !native().hasWaiting()) {
      this.#plan.onIdle()
    }
  }
}
