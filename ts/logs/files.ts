/** The files of a log, rotated ones included: which there are, and in which order. */

import { constants, stat } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { hasCode } from '../binding/node-errors.js'
import type { LogFile } from './file.js'
import type { Moments } from './moments.js'
import { PackedLog } from './packed.js'
import { PlainLog } from './plain.js'

/** A log by its path, and what happens while its files are looked for. */
export interface Log {
  readonly path: string
  readonly moments: Moments
}

/** So many numbers in a row without a file are the end, unless a rotation comes between: it leaves one number free. */
const GAPS = 2

/** A folder, a FIFO or a device has the log's name. */
export class NoRegularFile extends Error {}

/**
 * Opens a log; undefined when there is none of that name.
 *
 * @throws the system error; NoRegularFile
 */
async function openLog(path: string, compressed: boolean): Promise<PlainLog | PackedLog | undefined> {
  const { open } = process.getBuiltinModule('node:fs/promises')
  let handle: FileHandle
  try {
    // Without O_NONBLOCK the open of a FIFO would wait for a writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  const stats = await handle.stat({ bigint: true })
  if (stats.isFile()) return compressed ? new PackedLog(handle, stats) : new PlainLog(handle, stats)
  await handle.close()
  throw new NoRegularFile(`${path} is no regular file`)
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT', 'ENOTDIR')
}

/**
 * The log (0), or the rotated one of that number; undefined when there is none. While a rotated one is being
 * compressed there are both forms: the plain one is whole.
 */
async function openNumber({ path, moments }: Log, number: number): Promise<LogFile | undefined> {
  const name = number === 0 ? path : `${path}.${number}`
  const plain = await openLog(name, false)
  const file = plain === undefined && number > 0 ? await openLog(`${name}.gz`, true) : plain
  moments.opened(number)
  return file
}

/**
 * Opens the log, and rotated ones, from the newest to the oldest, until `isEnough`. Rotations meanwhile move files up,
 * never down: a file may be met twice, but none is missed. Several rotations between two steps bring up a file that is
 * newer than all files met so far; the next walk takes it.
 *
 * @returns oldest first; the caller closes them
 */
async function walk(
  of: Log,
  isEnough: (file: LogFile) => Promise<'take' | 'last' | 'stop'>,
): Promise<LogFile[]> {
  const files: LogFile[] = []
  try {
    let newest: string | undefined
    for (let number = 0, gaps = 0; gaps < GAPS; number++) {
      const file = await openNumber(of, number)
      if (file === undefined) {
        const before = newest
        newest = await idAt(of.path)
        gaps = newest === before ? gaps + 1 : 1
        continue
      }
      gaps = 0
      const [oldest] = files
      files.unshift(file)
      if (oldest !== undefined && !(await isOlder(of, number, file, oldest))) {
        files.shift()
        await file.close()
        continue
      }
      const verdict = await isEnough(file)
      if (verdict === 'take') continue
      if (verdict === 'stop') {
        files.shift()
        await file.close()
      }
      break
    }
    return files
  } catch (error) {
    await closeAll(files)
    throw error
  }
}

/** Whether the file that was opened by that number is older than `other`, and not the same. */
async function isOlder(log: Log, number: number, file: LogFile, other: LogFile): Promise<boolean> {
  if (await file.isSame(other)) return false
  if (file.modifiedBefore <= other.modifiedBefore) return true
  // A child of the daemon may still write to an old file. A file that is below another now was below it before.
  for (let below = number - 1; below >= Math.max(0, number - GAPS); below--) {
    const found = await openNumber(log, below)
    const isBelow = found !== undefined && (await found.isSame(other))
    await found?.close()
    if (isBelow) return true
  }
  return false
}

export async function closeAll(files: readonly LogFile[]): Promise<void> {
  for (const file of files) await file.close()
}

/**
 * Opens as many files as hold the last `lines` lines, and goes to where these begin. An unfinished line counts as one
 * of them only with `countUnfinished`. `check` is called from time to time, and may throw.
 */
export async function openTail(
  log: Log,
  lines: number,
  countUnfinished: boolean,
  check: () => void,
): Promise<LogFile[]> {
  // The newline before the first of them counts, too.
  let newlines = countUnfinished ? undefined : lines + 1
  return await walk(log, async (file) => {
    if (newlines === undefined) {
      const ends = await file.endsWithLine(check)
      // An empty log, as after a rotation, does not tell: the last line may be torn, and in an older file.
      if (ends === undefined) return 'take'
      // An unfinished line has no newline of its own.
      newlines = ends ? lines + 1 : lines
    }
    newlines -= await file.seekBack(newlines, check)
    return newlines > 0 ? 'take' : 'last'
  })
}

/** Opens the files that are newer than `newest`, which is open; without one, all that there are. */
export async function openNewer(log: Log, newest: LogFile | undefined): Promise<LogFile[]> {
  if (newest !== undefined && (await idAt(log.path)) === `${newest.dev}:${newest.ino}`) return []
  return await walk(log, async (file) => {
    if (newest === undefined) return 'take'
    // One that has not been written to since is older: the newest that we know has been removed, or renamed by others.
    return (await file.isSame(newest)) || file.modifiedBefore < newest.modifiedBefore ? 'stop' : 'take'
  })
}

/** The file that has the log's name at present, without opening it. The last step of a rotation changes it. */
async function idAt(path: string): Promise<string> {
  return await new Promise((resolve) => {
    stat(path, { bigint: true }, (error, stats) => resolve(error === null ? `${stats.dev}:${stats.ino}` : ''))
  })
}
