/** A log, open for reading: a plain one, which may grow, or a compressed one. */

import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { Gunzip } from 'node:zlib'

const CHUNK = 65_536
const NEWLINE = 0x0a
/** The last four bytes of a gzip file: the length of what it holds, modulo 2³². RFC 1952 */
const LENGTH_BYTES = 4

/** What stays the same when a log is compressed. */
interface Mark {
  readonly modified: bigint
  readonly length: bigint
}

/** A log that is read from some position on. It stays the same file whatever becomes of its name. */
export abstract class LogFile {
  protected readonly handle: FileHandle
  readonly dev: bigint
  readonly ino: bigint
  /** When it had been written to last, as it was opened. */
  readonly modifiedBefore: bigint

  constructor(handle: FileHandle, stats: { dev: bigint; ino: bigint; mtimeNs: bigint }) {
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
  /** Whether its last line has its end. */
  abstract endsWithLine(): Promise<boolean>
  protected abstract readonly compressed: boolean
  protected abstract mark(): Promise<Mark>

  /** Whether both are one log, be it that one of them has been compressed. */
  async isSame(other: LogFile): Promise<boolean> {
    if (this.dev === other.dev && this.ino === other.ino) return true
    if (!this.compressed && !other.compressed) return false
    const [one, another] = [await this.mark(), await other.mark()]
    return one.modified === another.modified && BigInt.asUintN(32, one.length - another.length) === 0n
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

class PlainLog extends LogFile {
  protected readonly compressed = false
  #position = 0
  /** What is written after it has been opened is not read, unless it is followed. */
  #end: number

  constructor(handle: FileHandle, stats: { dev: bigint; ino: bigint; mtimeNs: bigint; size: bigint }) {
    super(handle, stats)
    this.#end = Number(stats.size)
  }

  async read(): Promise<Buffer | undefined> {
    const length = Math.min(CHUNK, this.#end - this.#position)
    if (length <= 0) return undefined
    const bytes = await this.readAt(this.#position, length)
    this.#position += bytes.length
    return bytes.length === 0 ? undefined : bytes
  }

  /** From now on what is written meanwhile is read, too. */
  follow(): void {
    this.#end = Number.POSITIVE_INFINITY
  }

  /** Somebody has truncated it: from its new beginning on. */
  async startOverIfTruncated(): Promise<boolean> {
    const { size } = await this.handle.stat()
    if (size >= this.#position) return false
    this.#position = 0
    return true
  }

  async seekBack(newlines: number, check: () => void): Promise<number> {
    let found = 0
    this.#position = 0
    if (newlines === Number.POSITIVE_INFINITY) return found
    for (let end = await this.#length(); end > 0; end = Math.max(0, end - CHUNK)) {
      check()
      const start = Math.max(0, end - CHUNK)
      const bytes = await this.readAt(start, end - start)
      for (
        let at = bytes.lastIndexOf(NEWLINE);
        at >= 0;
        at = at > 0 ? bytes.lastIndexOf(NEWLINE, at - 1) : -1
      ) {
        if (++found < newlines) continue
        this.#position = start + at + 1
        return found
      }
    }
    return found
  }

  async hasData(): Promise<boolean> {
    return (await this.handle.stat()).size > 0
  }

  async endsWithLine(): Promise<boolean> {
    const length = await this.#length()
    return length === 0 || (await this.readAt(length - 1, 1))[0] === NEWLINE
  }

  protected async mark(): Promise<Mark> {
    const { mtimeNs: modified, size: length } = await this.handle.stat({ bigint: true })
    return { modified, length }
  }

  async #length(): Promise<number> {
    return Math.min(this.#end, (await this.handle.stat()).size)
  }
}

interface Reading {
  readonly source: Readable
  readonly gunzip: Gunzip
  readonly chunks: AsyncIterator<Buffer>
}

class PackedLog extends LogFile {
  protected readonly compressed = true
  /** Newlines to be passed over. */
  #skip = 0
  #reading: Reading | undefined
  #underWay: Promise<unknown> | undefined

  async read(check: () => void): Promise<Buffer | undefined> {
    this.#reading ??= this.#open()
    for (;;) {
      check()
      const { done, value } = await this.#reading.chunks.next()
      if (done === true) return undefined
      const bytes = this.#passOver(value)
      if (bytes.length > 0) return bytes
    }
  }

  async seekBack(newlines: number, check: () => void): Promise<number> {
    if (newlines === Number.POSITIVE_INFINITY) return 0
    let found = 0
    for (let bytes = await this.read(check); bytes !== undefined; bytes = await this.read(check)) {
      for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) found++
    }
    await this.#endReading()
    if (found < newlines) return found
    this.#skip = found - newlines + 1
    return newlines
  }

  async hasData(): Promise<boolean> {
    return (await this.mark()).length > 0n
  }

  /** Whoever rotates by size rotates between two writes; a line that is torn goes on in the next file all the same. */
  async endsWithLine(): Promise<boolean> {
    return true
  }

  override async close(): Promise<void> {
    await this.#endReading()
    await super.close()
  }

  protected async mark(): Promise<Mark> {
    const { mtimeNs: modified, size } = await this.handle.stat({ bigint: true })
    const bytes = await this.readAt(Math.max(0, Number(size) - LENGTH_BYTES), LENGTH_BYTES)
    return { modified, length: bytes.length < LENGTH_BYTES ? 0n : BigInt(bytes.readUInt32LE(0)) }
  }

  #open(): Reading {
    const { createGunzip } = process.getBuiltinModule('node:zlib')
    const { Readable } = process.getBuiltinModule('node:stream')
    const gunzip = createGunzip()
    // Not a stream of the handle's own: to destroy that closes the handle, which is read again from its beginning.
    const source = Readable.from(this.#packed())
    source.on('error', (error) => gunzip.destroy(error))
    source.pipe(gunzip)
    return { source, gunzip, chunks: gunzip[Symbol.asyncIterator]() }
  }

  async *#packed(): AsyncGenerator<Buffer, void, undefined> {
    for (let position = 0; ; ) {
      const reading = this.readAt(position, CHUNK)
      this.#underWay = reading.catch(() => {})
      const bytes = await reading
      if (bytes.length === 0) return
      position += bytes.length
      yield bytes
    }
  }

  async #endReading(): Promise<void> {
    this.#reading?.source.destroy()
    this.#reading?.gunzip.destroy()
    this.#reading = undefined
    // Its descriptor may be closed afterwards, and its number given away.
    await this.#underWay
  }

  #passOver(bytes: Buffer): Buffer {
    let from = 0
    for (; this.#skip > 0; this.#skip--) {
      const at = bytes.indexOf(NEWLINE, from)
      if (at < 0) return bytes.subarray(bytes.length)
      from = at + 1
    }
    return bytes.subarray(from)
  }
}

export type { PackedLog, PlainLog }

/**
 * Opens a log; undefined when there is none of that name.
 *
 * @throws the system error; an Error when it is no regular file
 */
export async function openLog(path: string, compressed: boolean): Promise<PlainLog | PackedLog | undefined> {
  const { open } = process.getBuiltinModule('node:fs/promises')
  let handle: FileHandle
  try {
    // A FIFO of that name would wait for somebody to write.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  const stats = await handle.stat({ bigint: true })
  if (stats.isFile()) return compressed ? new PackedLog(handle, stats) : new PlainLog(handle, stats)
  await handle.close()
  throw Object.assign(new Error(`${path} is no regular file`), { code: 'EINVAL', syscall: 'open', path })
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

export function isPlain(file: LogFile): file is PlainLog {
  return file instanceof PlainLog
}
