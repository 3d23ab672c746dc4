/** A log as it is written: it may grow while it is read, and may be truncated. */

import type { FileHandle } from 'node:fs/promises'
import { CHUNK, LogFile, type LogStats, type Mark, NEWLINE } from './file.js'

/** A log that is not compressed, read up to its end at opening, or on with `follow()`. */
export class PlainLog extends LogFile {
  protected readonly compressed = false
  #position = 0
  /** Lines that are written after the file has been opened are read only if it is followed. */
  #end: number

  constructor(handle: FileHandle, stats: LogStats) {
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

  /** From now on, lines that are written meanwhile are read, too. */
  follow(): void {
    this.#end = Number.POSITIVE_INFINITY
  }

  /** Goes to the beginning if the file has been truncated. */
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

  async endsWithLine(): Promise<boolean | undefined> {
    const length = await this.#length()
    return length === 0 ? undefined : (await this.readAt(length - 1, 1))[0] === NEWLINE
  }

  protected async mark(): Promise<Mark> {
    const { mtimeNs: modified, size: length } = await this.handle.stat({ bigint: true })
    return { modified, length }
  }

  async #length(): Promise<number> {
    return Math.min(this.#end, (await this.handle.stat()).size)
  }
}

export function isPlain(file: LogFile): file is PlainLog {
  return file instanceof PlainLog
}
