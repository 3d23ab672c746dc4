/**
 * Connects to a daemon on demand, and starts it if it does not run. Runs in any process.
 *
 * It connects first and starts second: whoever listens, serves. A connection that ends before the daemon's hello was
 * never accepted, so that it is made again.
 */

import { raise } from '../binding/errors.js'
import { type Attempted, attempted, greeted } from '../binding/launch-waits.js'
import type { NativeClientPlan, NativeConnection } from '../binding/native.js'
import { refuseSockets } from '../binding/runtimes.js'
import { status } from '../control/status.js'
import { findHolder, stopHolder } from '../control/stop.js'
import { AlreadyRunningError } from '../errors.js'
import type { Settings, SocketSettings } from '../options/settings.js'
import type { DaemonSocket, Socket } from '../types/connections.js'
import type { Running } from '../types/status.js'
import { OVER, Patience } from './patience.js'
import type { Args } from './preflight.js'
import { start } from './start.js'
import { type Ended, noSocket, notRunning, ofOtherVersion, overAtOnce, overdue, silent } from './unreached.js'

/** Between two looks that both find nobody at the socket of a daemon that runs, in milliseconds. */
const BETWEEN_LOOKS = 100

/** Between two starts whose daemons have ended before they accepted this client, in milliseconds. */
const LONGEST_PAUSE = 2_000

/** What has come of the connection to a daemon that this client has started. */
type Begun = Attempted & { readonly pid: number }

/** Makes of a pipe of Windows what a socket is elsewhere: see `serving/framed-socket.ts`. */
type Framed = (pipe: Socket, allowHalfOpen: boolean) => Socket

/** A client of one daemon. */
export interface Client {
  readonly settings: Settings
  readonly socket: SocketSettings
  /** Undefined for one that starts nothing. */
  readonly args: Args | undefined
}

/**
 * A connection that the daemon has accepted; starts the daemon where nobody listens.
 *
 * @param framed - where the connection is a pipe
 * @throws NotRunningError, ReadyTimeoutError, UnverifiedError and those of a start; the reason of `settings.signal`
 */
export async function connect(client: Client, framed?: Framed): Promise<DaemonSocket> {
  return socketOf(await reach(client), framed)
}

/** A connection to a daemon of this client's version; see `connect()`. */
export async function reach(client: Client): Promise<NativeConnection> {
  const { settings, socket, args } = client
  refuseSockets(settings.pidFile)
  const { pidFile, signal, version } = settings
  const patience = new Patience(settings)
  /** The daemon at whose socket nobody was found, though it is ready: once that may be chance. */
  let missed: number | undefined
  let hasBegun = false
  let ended: Ended | undefined
  for (;;) {
    signal?.throwIfAborted()
    const { attempt, connection } = await attempted(planOf(client, patience.left), signal)
    if (connection !== undefined) {
      if (version === undefined || connection.version === version) return connection
      if (await displace(client, connection)) {
        patience.prolong()
      } else {
        // It has ended by itself since, or is about to.
        await pause(client, patience, undefined)
      }
      continue
    }
    const present = await status(pidFile)
    const running = present.state === 'running' ? present : undefined
    if (attempt === 'silent') throw overdue(client, running, ended)
    if (running !== undefined) {
      if (running.stopping === true) {
        await patience.untilGone(running.pid)
        continue
      }
      const isMissed = attempt === 'nobody' && running.starting !== true
      if (isMissed && missed === running.pid) throw noSocket(client, running)
      missed = isMissed ? running.pid : undefined
      await pause(client, patience, running, ended)
      continue
    }
    if (args === undefined) throw notRunning(pidFile, socket)
    // The first start is made however little time is left, because it fails with what it knows of the daemon.
    if (hasBegun && patience.left === 0) throw overdue(client, undefined, ended)
    hasBegun = true
    const begunBy = await startAndGreet(client, args, patience)
    if (begunBy?.connection !== undefined) return begunBy.connection
    if (begunBy !== undefined) ended = await afterEnd(client, begunBy, patience, ended)
  }
}

/**
 * Waits before the next start: a daemon that fails whenever it is ready would be started in a loop.
 *
 * @throws ReadyTimeoutError for one that has not ended, and does not accept; the reason of the client's `signal`
 */
async function afterEnd(
  client: Client,
  { attempt, pid }: Begun,
  { left }: Patience,
  before: Ended | undefined,
): Promise<Ended> {
  if (attempt === 'silent') throw silent(client, pid)
  const times = (before?.times ?? 0) + 1
  await delay(Math.min(BETWEEN_LOOKS * 2 ** (times - 1), LONGEST_PAUSE, left), client.settings.signal)
  return { pid, times }
}

/**
 * Waits until the next look.
 *
 * @throws ReadyTimeoutError, UnverifiedError when the client's time is over; the reason of its `signal`
 */
async function pause(
  client: Client,
  { left }: Patience,
  present: Running | undefined,
  ended?: Ended,
): Promise<void> {
  const { settings } = client
  if (left > 0) return await delay(Math.min(BETWEEN_LOOKS, left), settings.signal)
  throw overdue(client, present, ended)
}

/**
 * Stops the daemon of another version whose hello was read, and no other one; false when it no longer holds the
 * pidfile.
 *
 * @throws NotRunningError when this client could not start the next; StopTimeoutError
 */
async function displace({ settings, args }: Client, connection: NativeConnection): Promise<boolean> {
  const { pidFile } = settings
  const { pid, version } = connection
  // Otherwise the daemon would wait for this connection, too, before it ends.
  connection.release()
  if (args === undefined) throw ofOtherVersion(settings, version)
  const holder = await findHolder(pidFile, settings.signal)
  try {
    if (holder?.pid !== pid) return false
    await stopHolder(pidFile, holder, settings, true)
    return true
  } finally {
    holder?.release()
  }
}

/**
 * Starts the daemon, as the first in its queue; undefined when another start was faster, or the client's time is over:
 * the daemon goes on then.
 *
 * @throws StartFailedError for a program that has nothing left to do, besides the errors of a start
 */
async function startAndGreet(client: Client, args: Args, patience: Patience): Promise<Begun | undefined> {
  const { settings } = client
  let greeting: Promise<Attempted> | undefined
  const begin = async (signal: AbortSignal | undefined): Promise<Running> =>
    await start({ ...settings, signal }, args, (launched) => {
      greeting = greeted(planOf(client, patience.left), launched, settings.signal)
    })
  try {
    const { pid } = await (patience.isUsed ? patience.within(begin) : begin(settings.signal))
    if (greeting === undefined) throw overAtOnce(client, pid)
    return { ...(await greeting), pid }
  } catch (error) {
    if (error === OVER) return undefined
    if (error instanceof AlreadyRunningError) return undefined
    throw error
  }
}

function planOf({ settings, socket }: Client, patience: number): NativeClientPlan {
  const { pidFile } = settings
  const { user } = settings.process
  const plan = { path: socket.path, pidFile, hello: socket.hello, patience }
  return user === undefined ? plan : { ...plan, user }
}

function socketOf(connection: NativeConnection, framed: Framed | undefined): DaemonSocket {
  const { Socket } = process.getBuiltinModule('node:net')
  const { pid, version } = connection
  const fd = connection.take()
  if (typeof fd !== 'number') raise(fd)
  const options = { fd, readable: true, writable: true }
  const socket =
    framed === undefined
      ? new Socket(options)
      : framed(new Socket({ ...options, allowHalfOpen: true }), false)
  const daemon = version === null ? { pid } : { pid, version }
  return Object.assign(socket, { daemon })
}

function delay(time: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, time)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
