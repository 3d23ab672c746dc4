/** `logs()`: the last lines of a log, and later lines. All files of this folder run in any process that reads a log. */

import { explainDenial, isDenied } from '../binding/denied.js'
import { isError } from '../binding/node-errors.js'
import { SUPERUSER } from '../binding/platform.js'
import { type InvalidOptionError, PermissionDeniedError } from '../errors.js'
import type { LogsSettings, Settings } from '../options/settings.js'
import { refusal } from '../say.js'
import { Changes } from './changes.js'
import type { LogFile } from './file.js'
import { closeAll, type Log, NoRegularFile, openNewer, openTail } from './files.js'
import { Lines } from './lines.js'
import { type Moments, NOTHING_HAPPENS } from './moments.js'
import { isPlain } from './plain.js'
import { logPath } from './source.js'

/**
 * How long the old file is still read once there is something in the new one, in milliseconds. When the daemon changes
 * files, a write to the old one may be under way, and the second of its two outputs changes a moment later.
 */
const LATE_WRITES = 50
/** How long to wait for the rest of a line that is being written, in milliseconds. */
const UNDER_WAY = 5
/** How long to wait for the end of a line while more of its bytes come, in milliseconds. */
const LONGEST_WAY = 250

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

/** All lines that there were when the files were opened. Only here a last line without an end is given. */
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

/** File after file, as they were written, for ever. The first of `files` is being read. */
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
      log.moments.awaitingLateWrites()
      // Read the lines that were written to the file, or under way, before its successor got its first line.
      if (files.length === 2) await changes.pause(LATE_WRITES)
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

/**
 * Whether a successor has something in it. logrotate makes an empty one, and the daemon writes to it only after SIGHUP.
 */
async function isSucceeded([, ...successors]: readonly LogFile[]): Promise<boolean> {
  for (const file of successors) if (await file.hasData()) return true
  return false
}

async function* drain(
  file: LogFile,
  lines: Lines,
  changes: Changes,
): AsyncGenerator<string, void, undefined> {
  // A long line takes many reads before anything is given.
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
  const unreadable = (why: string): InvalidOptionError => {
    const problem = `(${path}) cannot be read: ${why}`
    return refusal({ option: 'log', problem }, { value: path, pidFile, cause: error })
  }
  if (error instanceof NoRegularFile) return unreadable(error.message)
  if (!isError(error) || !('code' in error) || 'option' in error) return error
  // For a damaged file zlib has codes of its own, and no system error.
  if (!('syscall' in error)) {
    if (!String(error.code).startsWith('Z_')) return error
    return unreadable(`a compressed one of its files is damaged (${error.message})`)
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    const message = `The log ${path} cannot be read: ${error.message}. Ask as the daemon's user, or ${SUPERUSER}.`
    return new PermissionDeniedError(message, { pidFile, syscall: String(error.syscall), cause: error })
  }
  return unreadable(error.message)
}
