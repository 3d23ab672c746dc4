/** From bytes to lines. */

const NEWLINE = 0x0a

/** Puts lines together that come in pieces, from one file or from several. */
export class Lines {
  /** The beginning of a line. In bytes: a character may come in pieces, too. */
  #rest: Buffer[] = []

  /** The lines that end in these bytes. */
  take(bytes: Buffer): string[] {
    const end = bytes.lastIndexOf(NEWLINE)
    if (end < 0) {
      this.#rest.push(bytes)
      return []
    }
    const whole = Buffer.concat([...this.#rest, bytes.subarray(0, end)]).toString()
    const after = bytes.subarray(end + 1)
    this.#rest = after.length > 0 ? [after] : []
    return whole.split('\n')
  }

  get isUnfinished(): boolean {
    return this.#rest.length > 0
  }

  /** The line that has not ended, and is given up here. */
  end(): string {
    const line = Buffer.concat(this.#rest).toString()
    this.#rest = []
    return line
  }
}
