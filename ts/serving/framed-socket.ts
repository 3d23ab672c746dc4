/**
 * A connection by a named pipe of Windows whose two sides end one after the other, as those of a socket do. Runs in the
 * daemon and in its clients, on Windows alone.
 *
 * A pipe has one end for both directions: whoever closes it gives up the answer, too. So after the hello each side
 * sends frames: the length, 4 bytes, the lowest first, and so many bytes. A frame of length 0 is the end of that
 * direction.
 */

import type { Socket } from 'node:net'

const HEAD = 4

/** The longest frame that is sent, in bytes. */
const LONGEST = 2 ** 30

/** What the error of Node.js has for a connection that was cut. */
const CUT = { errno: -4077, code: 'ECONNRESET', syscall: 'read' } as const

type Done = (error?: Error | null) => void

/** What is written: strings are not decoded before. */
interface Piece {
  readonly chunk: string | Uint8Array
  readonly encoding: BufferEncoding
}

type FramedSocketClass = new (inner: Socket, allowHalfOpen: boolean) => Socket

let present: FramedSocketClass | undefined

/**
 * A connection that says by frames what a socket says by itself.
 *
 * @param inner - the pipe, of which nothing has been read since the hello; it belongs to the new socket
 */
export function framed(inner: Socket, allowHalfOpen: boolean): Socket {
  present ??= classOfFramed()
  return new present(inner, allowHalfOpen)
}

/** A function, because other systems do not load `node:net` for it. */
function classOfFramed(): FramedSocketClass {
  const { Socket } = process.getBuiltinModule('node:net')

  return class FramedSocket extends Socket {
    readonly #inner: Socket
    /** The head of a frame, as far as it has come. */
    readonly #head = Buffer.alloc(HEAD)
    #headLength = 0
    /** What is still to come of a frame. */
    #left = 0
    #hasEnded = false
    #read = 0
    #written = 0

    constructor(inner: Socket, allowHalfOpen: boolean) {
      super({ allowHalfOpen })
      this.#inner = inner
      // Node.js itself would give 0 bytes and `pending: true`, because this socket has no descriptor.
      Object.defineProperties(this, {
        bytesRead: { get: () => this.#read },
        bytesWritten: { get: () => this.#written },
        pending: { value: false },
        timeout: { get: () => inner.timeout },
      })
      inner.on('data', (bytes) => this.#take(bytes))
      // Without the frame of the end: the other process has closed it, or is dead.
      inner.on('end', () => this.#endOfPipe())
      inner.on('error', (error) => this.destroy(error))
      inner.on('close', () => this.destroy())
      inner.on('timeout', () => this.emit('timeout'))
    }

    override _read(): void {
      this.#inner.resume()
    }

    override _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: Done): void {
      this.#send([{ chunk, encoding }], done)
    }

    override _writev(pieces: Piece[], done: Done): void {
      this.#send(pieces, done)
    }

    override _final(done: Done): void {
      // Whoever has gone needs no end.
      if (this.#inner.writable) this.#inner.write(Buffer.alloc(HEAD), () => done())
      else done()
    }

    override _destroy(error: Error | null, done: Done): void {
      this.#inner.destroy()
      super._destroy(error, done)
    }

    override setTimeout(timeout: number, callback?: () => void): this {
      this.#inner.setTimeout(timeout)
      if (callback !== undefined && timeout > 0) this.once('timeout', callback)
      else if (callback !== undefined) this.removeListener('timeout', callback)
      return this
    }

    override ref(): this {
      this.#inner.ref()
      return this
    }

    override unref(): this {
      this.#inner.unref()
      return this
    }

    #take(bytes: Buffer): void {
      let hasRoom = true
      for (let at = 0; at < bytes.length && !this.#hasEnded; ) {
        if (this.#left > 0) {
          const piece = bytes.subarray(at, at + this.#left)
          at += piece.length
          this.#left -= piece.length
          this.#read += piece.length
          hasRoom = this.push(piece)
        } else {
          at = this.#takeHead(bytes, at)
        }
      }
      // After the end the pipe is read on, because only a read tells that the other process has closed it.
      if (!hasRoom && !this.#hasEnded) this.#inner.pause()
    }

    #takeHead(bytes: Buffer, from: number): number {
      const part = bytes.subarray(from, from + HEAD - this.#headLength)
      this.#head.set(part, this.#headLength)
      this.#headLength += part.length
      if (this.#headLength === HEAD) {
        this.#headLength = 0
        this.#left = this.#head.readUInt32LE()
        if (this.#left === 0) this.#end()
      }
      return from + part.length
    }

    #end(): void {
      if (this.#hasEnded) return
      this.#hasEnded = true
      this.push(null)
    }

    /** In the middle of a frame, or of its head, what has come is not all that was sent. */
    #endOfPipe(): void {
      const isCut = !this.#hasEnded && (this.#left > 0 || this.#headLength > 0)
      if (isCut) this.destroy(Object.assign(new Error('read ECONNRESET'), CUT))
      else this.#end()
    }

    #send(pieces: readonly Piece[], done: Done): void {
      const inner = this.#inner
      const all = pieces.map(({ chunk, encoding }) =>
        typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
      )
      const parts = all.flatMap(partsOf).filter((part) => part.length > 0)
      const last = parts.pop()
      if (last === undefined) {
        done()
        return
      }
      inner.cork()
      for (const part of parts) this.#sendPart(part)
      this.#sendPart(last, done)
      inner.uncork()
    }

    #sendPart(part: Uint8Array, done?: Done): void {
      const head = Buffer.alloc(HEAD)
      head.writeUInt32LE(part.length)
      this.#written += part.length
      this.#inner.write(head)
      this.#inner.write(part, done)
    }
  }
}

function partsOf(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length <= LONGEST) return [bytes]
  return [bytes.subarray(0, LONGEST), ...partsOf(bytes.subarray(LONGEST))]
}
