/** A log that has been compressed by gzip: it does not grow any more. */

import type { Readable } from 'node:stream'
import type { Gunzip } from 'node:zlib'
import { CHUNK, LogFile, type Mark, NEWLINE } from './file.js'

/** The last four bytes of a gzip file: the length of what it holds, modulo 2³². RFC 1952 */
const LENGTH_BYTES = 4

interface Reading {
  readonly source: Readable
  readonly gunzip: Gunzip
  readonly chunks: AsyncIterator<Buffer>
}

/** A compressed log, read from its beginning. */
export class PackedLog extends LogFile {
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

  async endsWithLine(check: () => void): Promise<boolean | undefined> {
    let last: number | undefined
    for (let bytes = await this.read(check); bytes !== undefined; bytes = await this.read(check)) {
      last = bytes.at(-1)
    }
    await this.#endReading()
    return last === undefined ? undefined : last === NEWLINE
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
    // Not the handle's own stream: destroying that closes the handle, which is read again from its beginning.
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
    // Until then the descriptor must not be closed, because its number could be given to another file.
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
