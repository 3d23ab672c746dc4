/** From bytes to lines. */

import { IS_WINDOWS } from '../binding/platform.js'
import { NEWLINE } from './file.js'

/** A longer line is given without its middle. In bytes. */
const LONGEST = 1_048_576
/** How much of such a line is given, from its beginning and from its end. */
const PART = LONGEST / 2

/**
 * Puts lines together that come in pieces, from one file or from several. On Windows a line may end with a carriage
 * return and a newline, as those do that Node.js itself writes.
 */
export class Lines {
  #rest = new Line()
  readonly #hasReturns: boolean

  constructor(hasReturns: boolean = IS_WINDOWS) {
    this.#hasReturns = hasReturns
  }

  /** The lines that end in these bytes. */
  take(bytes: Buffer): string[] {
    const end = bytes.indexOf(NEWLINE)
    if (end < 0) {
      this.#rest.push(bytes)
      return []
    }
    this.#rest.push(bytes.subarray(0, end))
    const first = this.end()
    const last = bytes.lastIndexOf(NEWLINE)
    this.#rest.push(bytes.subarray(last + 1))
    if (last === end) return [first]
    const lines = bytes.toString('utf8', end + 1, last).split('\n')
    return [first, ...(this.#hasReturns ? lines.map(withoutReturn) : lines)]
  }

  get isUnfinished(): boolean {
    return this.#rest.length > 0
  }

  /** The line that has not ended, and is given up here. */
  end(): string {
    const text = this.#rest.toString()
    this.#rest = new Line()
    return this.#hasReturns ? withoutReturn(text) : text
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/**
 * The bytes of a line, since a character may come in pieces, too. Copied: a piece of a few bytes would keep all of the
 * buffer that it was read into. Of a line that is too long beginning and end are kept.
 */
class Line {
  #length = 0
  #beginning: Buffer = Buffer.alloc(0)
  /** A ring of what follows the longest beginning. */
  #end: Buffer | undefined
  #at = 0

  get length(): number {
    return this.#length
  }

  push(bytes: Buffer): void {
    const room = Math.max(0, LONGEST - this.#length)
    if (room > 0) this.#begin(bytes.subarray(0, room))
    this.#goOn(bytes.subarray(room))
    this.#length += bytes.length
  }

  #begin(bytes: Buffer): void {
    const length = this.#length + bytes.length
    if (length > this.#beginning.length) {
      const larger = Buffer.alloc(Math.min(LONGEST, Math.max(length, 2 * this.#beginning.length)))
      this.#beginning.copy(larger, 0, 0, this.#length)
      this.#beginning = larger
    }
    bytes.copy(this.#beginning, this.#length)
  }

  #goOn(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#end ??= Buffer.alloc(PART)
    const kept = bytes.subarray(Math.max(0, bytes.length - PART))
    const written = kept.copy(this.#end, this.#at)
    kept.copy(this.#end, 0, written)
    this.#at = (this.#at + kept.length) % PART
  }

  toString(): string {
    if (this.#end === undefined) return this.#beginning.toString('utf8', 0, this.#length)
    const beyond = Math.min(PART, this.#length - LONGEST)
    const end = Buffer.concat([
      this.#beginning.subarray(LONGEST - (PART - beyond)),
      ...(beyond < PART
        ? [this.#end.subarray(0, beyond)]
        : [this.#end.subarray(this.#at), this.#end.subarray(0, this.#at)]),
    ])
    return withoutMiddle(this.#beginning.subarray(0, PART), end, this.#length)
  }
}

/** Cuts no character: the rest of one goes with the middle. */
function withoutMiddle(beginning: Buffer, end: Buffer, length: number): string {
  const before = beginning.subarray(0, wholeCharacters(beginning))
  const after = end.subarray(firstCharacter(end))
  return `${before}[… ${length - before.length - after.length} bytes left out …]${after}`
}

/** The continuing bytes of a character of UTF-8, of which there are three at most. */
const isContinuing = (byte: number | undefined): boolean => byte !== undefined && byte >> 6 === 0b10

/** How many of the bytes are whole characters. */
function wholeCharacters(bytes: Buffer): number {
  let begin = bytes.length - 1
  while (begin > bytes.length - 4 && isContinuing(bytes[begin])) begin--
  const first = bytes[begin] ?? 0
  const wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
  return begin + wanted > bytes.length ? begin : bytes.length
}

/** The position of the first whole character. */
function firstCharacter(bytes: Buffer): number {
  let begin = 0
  while (begin < 3 && isContinuing(bytes[begin])) begin++
  return begin
}
