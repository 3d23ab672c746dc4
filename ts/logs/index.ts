/** `logs()`: the last lines of a log, and those that follow. */

import { explainDenial, isDenied } from '../binding/denied.js'
import { InvalidOptionError, PermissionDeniedError } from '../errors.js'
import { never } from '../inside/shutdown.js'
import type { LogsSettings, Settings } from '../options/index.js'
import { Changes } from './changes.js'
import type { LogFile } from './file.js'
import { closeAll, type Log, openNewer, openTail } from './files.js'
import { Lines } from './lines.js'
import { type Moments, NOTHING_HAPPENS } from './moments.js'
import { isPlain } from './plain.js'
import { logPath } from './source.js'

/**
 * After an exchange, a write to the old file may still be under way, and of two outputs the second may be exchanged a
 * moment later: this long the old file is waited for, in milliseconds, once there is something in the new one.
 */
const SETTLE = 50
/** A line that is being written is whole in a moment. */
const UNDER_WAY = 5
/** How long a line without an end is waited for whose bytes keep coming, in milliseconds. */
const LONGEST_WAY = 250

/** For a daemon whose body is about to begin. */
export const noLines: AsyncIterable<string> = {
  [Symbol.asyncIterator]: () => ({ next: () => never }),
}

/**
 * The last lines of the daemon's log; with `follow` also those that are written from now on.
 *
 * @throws InvalidOptionError, PermissionDeniedError, and what `findHolder()` throws; the reason of `signal`
 */
export async function* readLogs(
  settings: Settings,
  { lines: count, follow, signal }: LogsSettings,
  moments: Moments = NOTHING_HAPPENS,
): AsyncGenerator<string, void, undefined> {
  signal?.throwIfAborted()
  const path = await logPath(settings, signal)
  if (count === 0 && !follow) return
  const log = { path, moments }
  const changes = new Changes(path, signal)
  const files: LogFile[] = []
  try {
    files.push(...(await openTail(log, count, !follow, () => changes.throwIfAborted())))
    yield* follow ? following(log, files, changes) : present(files, changes)
  } catch (error) {
    throw signal?.aborted === true ? error : explained(error, path, settings.pidFile)
  } finally {
    changes.close()
    await closeAll(files)
  }
}

/** All that there was when the files were opened. A last line without an end is given here alone. */
async function* present(
  files: readonly LogFile[],
  changes: Changes,
): AsyncGenerator<string, void, undefined> {
  const lines = new Lines()
  for (const file of files) yield* drain(file, lines, changes)
  const newest = files.at(-1)
  if (newest === undefined || !lines.isUnfinished) return
  if (isPlain(newest)) newest.follow()
  const until = performance.now() + LONGEST_WAY
  for (let looks = 0; looks < 2 && performance.now() < until; ) {
    const bytes = await newest.read(() => changes.throwIfAborted())
    if (bytes === undefined) {
      looks++
      await changes.pause(UNDER_WAY)
      continue
    }
    const [line] = lines.take(bytes)
    if (line === undefined) continue
    yield line
    return
  }
  yield lines.end()
}

/** File after file, as they were written, without an end. The first of `files` is the one that is being read. */
async function* following(
  log: Log,
  files: LogFile[],
  changes: Changes,
): AsyncGenerator<string, void, undefined> {
  const lines = new Lines()
  for (;;) {
    files.push(...(await openNewer(log, files.at(-1))))
    for (const file of files) if (isPlain(file)) file.follow()
    const [current] = files
    if (current !== undefined) yield* drain(current, lines, changes)
    if (current !== undefined && (await isSucceeded(files))) {
      log.moments.settling()
      // What was there, or under way, before there was something in its successor.
      if (files.length === 2) await changes.pause(SETTLE)
      yield* drain(current, lines, changes)
      files.shift()
      await current.close()
      continue
    }
    if (current !== undefined && isPlain(current) && (await current.startOverIfTruncated())) {
      lines.end()
      continue
    }
    await changes.next()
  }
}

/** An empty successor may stand there long before the daemon writes to it: logrotate makes it, SIGHUP comes later. */
async function isSucceeded([, ...successors]: readonly LogFile[]): Promise<boolean> {
  for (const file of successors) if (await file.hasData()) return true
  return false
}

async function* drain(
  file: LogFile,
  lines: Lines,
  changes: Changes,
): AsyncGenerator<string, void, undefined> {
  // Of a long line nothing is given for a while.
  const check = (): void => changes.throwIfAborted()
  for (let bytes = await file.read(check); bytes !== undefined; bytes = await file.read(check)) {
    check()
    for (const line of lines.take(bytes)) {
      yield line
      changes.throwIfAborted()
    }
  }
}

function explained(error: unknown, path: string, pidFile: string): unknown {
  if (isDenied(error)) {
    const message = `The log ${path} cannot be read: ${explainDenial(error, path)}.`
    return new PermissionDeniedError(message, { pidFile, cause: error })
  }
  if (!(error instanceof Error) || !('code' in error) || 'option' in error) return error
  // A compressed log that is damaged has no system error: zlib has codes of its own.
  if (!('syscall' in error)) {
    if (!String(error.code).startsWith('Z_')) return error
    const message =
      `Option 'log' (${path}) cannot be read: ` +
      `a compressed one of its files is damaged (${error.message}).`
    return new InvalidOptionError(message, { option: 'log', value: path, pidFile, cause: error })
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    const message = `The log ${path} cannot be read: ${error.message}. Ask as the daemon's user, or root.`
    return new PermissionDeniedError(message, { pidFile, syscall: String(error.syscall), cause: error })
  }
  const message = `Option 'log' (${path}) cannot be read: ${error.message}.`
  return new InvalidOptionError(message, { option: 'log', value: path, pidFile, cause: error })
}
