/** An upgrade: the keeper has another generation of the program take over. Runs in any process. */

import { toError } from '../binding/errors.js'
import type { NativeEvent } from '../binding/native.js'
import { beginWait, endWait } from '../binding/waits.js'
import { withBodies } from '../control/bodies.js'
import { presentStatus, status } from '../control/status.js'
import {
  NotRunningError,
  ReadyTimeoutError,
  StartFailedError,
  UnsupportedError,
  UnverifiedError,
  UpgradeInProgressError,
} from '../errors.js'
import { decodeError } from '../handover/told-error.js'
import type { Settings } from '../options/settings.js'
import { signalName } from '../options/signal-names.js'
import { errorOf, named, refusal, say } from '../say.js'
import { LONGEST_TIMER } from '../timer.js'
import type { Running } from '../types/status.js'
import { type Failure, startFailed, subject, type Told } from './failure.js'
import { logSince } from './log-end.js'

/**
 * Has another generation take the place of the present one; resolves when it serves.
 *
 * @param args - serialised; undefined: those of before
 * @throws DaemonError of the kinds that `Daemon#upgrade` names; the reason of `settings.signal`
 */
export async function upgrade(settings: Settings, args: Buffer | undefined): Promise<Running> {
  const { pidFile, signal } = settings
  signal?.throwIfAborted()
  const before = presentStatus(pidFile)
  // Lines of the bodies that serve are among those of the new program.
  const log = before?.state === 'running' ? logSince(before.pid) : undefined
  try {
    const answer = await ask(settings, args)
    if (answer.last.kind === 'ready') return await present(pidFile)
    throw await failureOf(settings, answer, log?.read())
  } finally {
    log?.close()
  }
}

/** What the keeper has said. */
interface Answer {
  readonly last: NativeEvent
  /** What the new program has told, and how it has ended. */
  readonly told: Told
  readonly exitSignal: string | undefined
}

async function ask(settings: Settings, args: Buffer | undefined): Promise<Answer> {
  const { pidFile, signal, logger, readyTimeout } = settings
  const told: Told = { error: undefined, exitCode: undefined }
  let exitSignal: string | undefined
  const last = await new Promise<NativeEvent>((resolve, reject) => {
    const { id, pool } = beginWait(
      (waits) => waits.upgrade(pidFile, orderOf(settings, args)),
      (event) => {
        const { kind, text = '' } = event
        if (kind === 'status') logger?.info(text)
        else if (kind === 'error') told.error = decodeError(text)
        else if (kind === 'exit') ({ code: told.exitCode, signal: exitSignal } = ending(text))
        else finish(() => resolve(event))
      },
    )
    const onAbort = (): void => finish(() => reject(signal?.reason))
    signal?.addEventListener('abort', onAbort, { once: true })
    // The keeper keeps the time itself, and has some more to answer.
    const timer = Number.isFinite(readyTimeout)
      ? setTimeout(
          () => finish(() => reject(unanswered(settings))),
          Math.min(readyTimeout + MARGIN, LONGEST_TIMER),
        )
      : undefined
    function finish(settle: () => void): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      endWait(pool, id)
      settle()
    }
  })
  return { last, told, exitSignal }
}

async function failureOf(
  settings: Settings,
  { last, told, exitSignal }: Answer,
  log: string | undefined,
): Promise<Error> {
  const { pidFile } = settings
  if (last.error !== undefined) return toError(last.error, pidFile)
  if (last.kind === 'refused') return refused(settings, last.text ?? '', log)
  const isTold = told.error !== undefined || told.exitCode !== undefined || exitSignal !== undefined
  // A keeper that begins or ends has no words for those who come too early or too late.
  if (!isTold && !(await serves(pidFile))) {
    const message = `${pidFile}: no upgrade: the daemon does not serve: it starts, or ends`
    return new NotRunningError(message, { pidFile })
  }
  const exitCode = exitSignal === undefined ? told.exitCode : undefined
  const failure: Failure = {
    told,
    exitCode,
    exitSignal,
    log,
    isLogShared: true,
    livesOn: undefined,
    left: [],
  }
  return startFailed(settings, failure, `${subject(settings)} serves on as before: its new program`)
}

/** How much longer than the new program the keeper may take to answer, in milliseconds. */
const MARGIN = 10_000

function unanswered({ pidFile, readyTimeout: timeout }: Settings): ReadyTimeoutError {
  const waited = timeout + MARGIN
  const message = `The keeper of ${pidFile} has not answered an upgrade after ${waited} ms: is it stopped?`
  return new ReadyTimeoutError(message, { pidFile, pid: 0, timeout })
}

async function serves(pidFile: string): Promise<boolean> {
  const found = await status(pidFile)
  return found.state === 'running' && found.starting !== true && found.stopping !== true
}

async function present(pidFile: string): Promise<Running> {
  const found = presentStatus(pidFile)
  if (found?.state === 'running') return await withBodies(found)
  throw new NotRunningError(`${pidFile}: the daemon has ended after the upgrade`, { pidFile })
}

/** The keeper's `UpgradeOrder`: two times in eight bytes each, whether there are arguments, and these. */
function orderOf({ readyTimeout, stopTimeout }: Settings, args: Buffer | undefined): Buffer {
  const head = Buffer.alloc(17)
  for (const [at, time] of [readyTimeout, stopTimeout].entries()) {
    head.writeBigUInt64LE(Number.isFinite(time) ? BigInt(Math.ceil(time)) : 2n ** 64n - 1n, at * 8)
  }
  head[16] = args === undefined ? 0 : 1
  return args === undefined ? head : Buffer.concat([head, args])
}

/** A code, or the negative number of a signal. */
function ending(text: string): { code: number | undefined; signal: string | undefined } {
  const number = Number(text)
  if (!Number.isInteger(number)) return { code: undefined, signal: undefined }
  return number < 0 ? { code: undefined, signal: signalName(-number) } : { code: number, signal: undefined }
}

/** What the keeper itself has said: the code of an error, and why. */
function refused({ pidFile, readyTimeout }: Settings, text: string, log: string | undefined): Error {
  const [code = '', ...words] = text.split(' ')
  const why = words.join(' ')
  const serves = 'The daemon serves on as before'
  switch (code) {
    case 'ERR_DAEMON_UPGRADE_IN_PROGRESS':
      return errorOf(say`${pidFile}: ${why}. Wait until it is done.`, (message) => {
        return new UpgradeInProgressError(message, { pidFile })
      })
    case 'ERR_DAEMON_READY_TIMEOUT': {
      const pid = presentStatus(pidFile)
      const timeout = readyTimeout
      const message = `The new program has not taken over within ${timeout} ms: ${why}. ${serves}.`
      return new ReadyTimeoutError(message, {
        pidFile,
        pid: pid?.state === 'running' ? pid.pid : 0,
        timeout,
        log,
      })
    }
    case 'ERR_DAEMON_UNSUPPORTED':
      return errorOf(
        say`${pidFile}: no upgrade: ${why}. Restart it, or give ${named('listen')}.`,
        (message) => {
          return new UnsupportedError(message, { pidFile, feature: 'upgrade()' })
        },
      )
    case 'ERR_DAEMON_INVALID_OPTION':
      return refusal(
        { option: 'args', problem: say`cannot be given: ${why}`, advice: 'Leave them out.' },
        { pidFile },
      )
    case 'ERR_DAEMON_UNVERIFIED':
      return new UnverifiedError(`${pidFile}: no upgrade: ${why}`, { pidFile, reason: why })
    case 'ERR_DAEMON_START_FAILED':
      return new StartFailedError(`${pidFile}: no upgrade: ${why}`, { pidFile, step: 'payload' })
    default:
      return new NotRunningError(`${pidFile}: no upgrade: ${why}`, { pidFile })
  }
}
