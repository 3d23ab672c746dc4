/**
 * Replaces a daemon that has asked for it. It hears its order from the daemon, answers whether it can carry it out, and
 * then stops and starts by the protocol of all stops and starts. What fails from then on is written to the daemon's
 * log. Runs in a process of its own.
 */

import { inspect } from 'node:util'
import type { ProcessHandle } from '../binding/native.js'
import { isError } from '../binding/node-errors.js'
import { exited } from '../binding/waits.js'
import { findHolder, stopHolder } from '../control/stop.js'
import { AlreadyRunningError, StopTimeoutError, UnverifiedError } from '../errors.js'
import { encodePayload, planWithPayload } from '../handover/payload.js'
import { decodeRelaunch, type Relaunch } from '../handover/relaunch.js'
import type { RestartAnswer, RestartOrder } from '../handover/restart-order.js'
import { messageOf } from '../handover/thrown.js'
import { HANDOVER_VERSION } from '../handover/version.js'
import { writeStderr } from '../inside/stderr.js'
import { Launch } from '../launcher/launch.js'

/** How long the old daemon may still be there when its lock is free, in milliseconds. */
const EXIT_GRACE = 1_000

/** The order; undefined when the daemon has ended before it gave one: then there is nothing to restart. */
function readOrder(): Promise<RestartOrder | undefined> {
  return new Promise((resolve) => {
    process.once('message', (order: RestartOrder) => resolve(order))
    process.once('disconnect', () => resolve(undefined))
  })
}

/** The channel ends with the answer: the daemon says nothing more. */
function answer(given: RestartAnswer): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(given, () => {
      if (process.connected) process.disconnect()
      resolve()
    })
  })
}

/** A handle on the daemon that has asked, by which its end can be seen without the pidfile. */
async function asker(
  { pid, pidFile, settings }: RestartOrder,
  { version }: Relaunch,
): Promise<ProcessHandle> {
  if (version !== HANDOVER_VERSION) {
    const message =
      `daimon has been replaced by a release that reads launches of version ${HANDOVER_VERSION}, ` +
      `and this daemon's is of version ${version}. Restart it from outside`
    throw new Error(message)
  }
  const holder = await findHolder(pidFile)
  if (holder?.pid === pid) return holder
  const reason = `the pidfile does not lead to the daemon ${settings.name ?? pidFile} with PID ${pid}`
  throw new UnverifiedError(reason, { pidFile, reason })
}

async function replace(order: RestartOrder, relaunch: Relaunch, before: ProcessHandle): Promise<void> {
  const { pidFile, settings, args } = order
  const { plan, stdio, readyTimeout } = relaunch
  const stopSettings = { ...relaunch.stop, signal: undefined }
  const holder = await findHolder(pidFile)
  const other = holder?.pid
  holder?.release()
  // It has been stopped meanwhile, and another daemon started.
  if (other !== undefined && other !== before.pid) {
    throw new AlreadyRunningError(`${pidFile}: already running with PID ${other}`, { pidFile, pid: other })
  }
  // By its own handle: what another program starts meanwhile is not stopped.
  if (other !== undefined) await stopHolder(pidFile, before, stopSettings)
  if (!(await exited(before, EXIT_GRACE))) {
    const message = `process ${before.pid} lives on without its pidfile`
    throw new StopTimeoutError(message, { pidFile, pid: before.pid, timeout: EXIT_GRACE })
  }
  before.release()
  const { name, ready, kind, cwd } = settings
  const script = kind === 'program' ? undefined : relaunch.main
  const startSettings = {
    ...stopSettings,
    name,
    pidFile,
    ready,
    readyTimeout,
    script,
    run: undefined,
    logger: undefined,
    cwd,
    given: { cwd },
    // The rights are taken by now, and the folders have been checked with them.
    process: { user: undefined, group: undefined, chroot: undefined },
  }
  const bytes = Buffer.from(args, 'base64')
  const payload = encodePayload({ settings: { ...settings, relaunch: order.relaunch }, args: bytes })
  await new Launch(startSettings, planWithPayload({ ...plan, ...stdio }, payload, bytes), payload).run()
}

async function main(): Promise<void> {
  const order = await readOrder()
  if (order === undefined) return
  const relaunch = decodeRelaunch(order.relaunch)
  let before: ProcessHandle
  try {
    before = await asker(order, relaunch)
  } catch (error) {
    return await answer({ ok: false, message: messageOf(error) })
  }
  await answer({ ok: true })
  try {
    await replace(order, relaunch, before)
  } catch (error) {
    const what = `daimon: the restart of the daemon of ${order.pidFile} has failed`
    writeStderr(`${what}: ${isError(error) ? error.message : inspect(error)}`)
    process.exitCode = 1
  }
}

await main()
