/** A log, open for reading: what plain and compressed ones have in common. */

import type { FileHandle } from 'node:fs/promises'

/** The bytes of one read. */
export const CHUNK = 65_536
export const NEWLINE = 0x0a

/** The facts about a file when it is opened. */
export interface LogStats {
  readonly dev: bigint
  readonly ino: bigint
  readonly mtimeNs: bigint
  readonly size: bigint
}

/** The facts that stay the same when a log is compressed. */
export interface Mark {
  readonly modified: bigint
  readonly length: bigint
}

/** Compressors may cut the time to these, in nanoseconds: GNU gzip keeps all of it, busybox's whole seconds. */
const UNITS = [1n, 1_000n, 1_000_000n, 1_000_000_000n]

/** Whether both are one time, which a compressor may have cut. */
function isSameTime(one: bigint, another: bigint): boolean {
  const [cut, whole] = one < another ? [one, another] : [another, one]
  return UNITS.some((unit) => cut === whole - (whole % unit))
}

/** A log that is read from a position on. It stays the same file even if its name changes. */
export abstract class LogFile {
  protected readonly handle: FileHandle
  readonly dev: bigint
  readonly ino: bigint
  /** When it had been written to last, as it was opened. */
  readonly modifiedBefore: bigint

  constructor(handle: FileHandle, stats: LogStats) {
    this.handle = handle
    this.dev = stats.dev
    this.ino = stats.ino
    this.modifiedBefore = stats.mtimeNs
  }

  /** The next bytes; undefined at its present end. What is passed over may take its time, as in `seekBack()`. */
  abstract read(check: () => void): Promise<Buffer | undefined>
  /**
   * Goes to where the last `newlines` lines begin, or to the beginning; gives how many newlines follow. It may take its
   * time: `check` is called between two reads, and may throw.
   */
  abstract seekBack(newlines: number, check: () => void): Promise<number>
  abstract hasData(): Promise<boolean>
  /** Whether its last line has its end; undefined if it is empty. It may take its time, as `seekBack()`. */
  abstract endsWithLine(check: () => void): Promise<boolean | undefined>
  protected abstract readonly compressed: boolean
  protected abstract mark(): Promise<Mark>

  /** Whether both are one log, which may have been compressed in between. */
  async isSame(other: LogFile): Promise<boolean> {
    if (this.dev === other.dev && this.ino === other.ino) return true
    if (!this.compressed && !other.compressed) return false
    const [one, another] = [await this.mark(), await other.mark()]
    if (BigInt.asUintN(32, one.length - another.length) !== 0n) return false
    return isSameTime(one.modified, another.modified)
  }

  async close(): Promise<void> {
    await this.handle.close()
  }

  /** As many bytes from there as there are, at most `length`. */
  protected async readAt(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length)
    const { bytesRead } = await this.handle.read(buffer, 0, length, position)
    return buffer.subarray(0, bytesRead)
  }
}
