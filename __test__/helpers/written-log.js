/** A log that is written and rotated step by step, and what a reader of it must see. */

import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { gzipSync } from 'node:zlib'

const NEWLINE = 0x0a

/** The lines of these bytes; what follows the last newline is one, too, unless it is empty. */
export function linesOf(bytes) {
  const lines = []
  let start = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.toString('utf8', start, at))
    start = at + 1
  }
  return start < bytes.length ? [...lines, bytes.toString('utf8', start)] : lines
}

/** Writes a log, and rotates it as the core does, or as logrotate. Keeps in mind what the files hold. */
export class WrittenLog {
  /** The texts of the log and the rotated ones, oldest first. */
  files = [Buffer.alloc(0)]
  /** All that was ever written. */
  all = Buffer.alloc(0)
  #path
  #keep
  /** Seconds; undefined: the files have the time that it is. */
  #now

  /**
   * Two files that are written to in the same moment and have the same length look like one. Files that nobody reads
   * meanwhile are given other times; otherwise the caller lets time pass before a rotation.
   */
  constructor(path, { keep, isReadMeanwhile }) {
    this.#path = path
    this.#keep = keep
    this.#now = isReadMeanwhile ? undefined : 1_700_000_000
    this.#make()
  }

  #make() {
    writeFileSync(this.#path, '')
    this.#tick()
  }

  #tick() {
    if (this.#now === undefined) return
    this.#now++
    utimesSync(this.#path, this.#now, this.#now)
  }

  write(bytes) {
    appendFileSync(this.#path, bytes)
    this.#tick()
    this.all = Buffer.concat([this.all, bytes])
    const newest = this.files.at(-1) ?? Buffer.alloc(0)
    this.files.splice(-1, 1, Buffer.concat([newest, bytes]))
  }

  #name(number, form = '') {
    return number === 0 ? this.#path : `${this.#path}.${number}${form}`
  }

  /** The log becomes the first of the rotated ones, and the last one goes. */
  rotate() {
    for (const form of ['', '.gz']) rmSync(this.#name(this.#keep, form), { force: true })
    for (let number = this.#keep - 1; number >= 0; number--) {
      for (const form of ['', '.gz']) {
        const from = this.#name(number, form)
        if (existsSync(from)) renameSync(from, this.#name(number + 1, number === 0 ? '' : form))
        if (number === 0) break
      }
    }
    this.#make()
    this.files = [...this.files, Buffer.alloc(0)].slice(-1 - this.#keep)
  }

  /** Compresses the rotated ones from that number on. */
  compress(first) {
    for (let number = first; number <= this.#keep; number++) {
      const plain = this.#name(number)
      if (!existsSync(plain)) continue
      const packed = this.#name(number, '.gz')
      writeFileSync(`${packed}.tmp`, gzipSync(readFileSync(plain)))
      // Node.js would cut the nanoseconds.
      execFileSync('touch', ['-r', plain, `${packed}.tmp`])
      renameSync(`${packed}.tmp`, packed)
      rmSync(plain)
    }
  }

  /** What the files hold together. */
  get text() {
    return Buffer.concat(this.files)
  }

  /** Removes the log itself, as logrotate does that makes none: the next write makes it again. */
  remove() {
    rmSync(this.#path)
    this.files.splice(-1, 1, Buffer.alloc(0))
  }
}
