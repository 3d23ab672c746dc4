/** Prints for the command: data to stdout, texts to stderr, colours only on a terminal. */

import { styleText } from 'node:util'
import { isError } from '../binding/node-errors.js'
import { turn } from '../turn.js'
import { isFileOrPipe, writeNow } from './direct.js'
import { detailsOf, lineOf, plain } from './failure.js'
import type { Flag } from './flags.js'

export type Colour = 'bold' | 'green' | 'red' | 'yellow'
type Stream = 'stdout' | 'stderr'
const DESCRIPTORS: Readonly<Record<Stream, number>> = { stdout: 1, stderr: 2 }

/** How it prints. */
export interface Manner {
  readonly program: string
  readonly json: boolean
  readonly verbose: boolean
  /** Prints nothing at all: in a daemon without a body yet. */
  readonly quiet: boolean
  /** Whether the process is the command's own: a program may have its own idea of its output. */
  readonly isOwnProcess: boolean
  /** The flags of the verb: no error advises others. */
  readonly flags: readonly Flag[]
}

/** Control characters: a terminal may take them for commands, and some begin a new line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression looks for control characters
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g

/** A text from elsewhere, for one line of a terminal. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, ' ')
}

/** Prints for a verb, until `end()`. */
export class Output {
  #manner: Manner
  /** Aborts once nobody reads stdout any more; made when it is asked for. */
  #closing: AbortController | undefined
  #isClosed = false
  #isStreaming = false
  readonly #written: Map<Stream, Promise<void>> = new Map()
  /**
   * EPIPE, and EOF on Windows, is no error, because a reader such as `head` has seen enough. Errors of stderr are
   * ignored.
   */
  readonly #listeners: Readonly<Record<Stream, (error: NodeJS.ErrnoException) => void>> = {
    stdout: (error) => {
      if (error.code !== 'EPIPE' && error.code !== 'EOF') this.#failure ??= error
      this.#isClosed = true
      this.#closing?.abort()
    },
    stderr: () => {},
  }
  #progress = false
  #failure: Error | undefined

  constructor(manner: Manner) {
    this.#manner = manner
  }

  /** Aborted when stdout has no reader any more. */
  get closed(): AbortSignal {
    if (this.#closing === undefined) {
      this.#closing = new AbortController()
      if (this.#isClosed) this.#closing.abort()
    }
    return this.#closing.signal
  }

  /** Prints by streams from now on: a slow reader of a long output must not hold the process up. */
  streams(): void {
    this.#isStreaming = true
  }

  /** Notes the flags of the verb. */
  offers(flags: readonly Flag[]): void {
    this.#manner = { ...this.#manner, flags }
  }

  /** Data: as JSON where that was asked for, else as text, where there is one. */
  data(value: unknown, text?: string): void {
    this.endProgress()
    const shown = this.#manner.json ? JSON.stringify(value) : text
    if (shown !== undefined) this.#write('stdout', `${shown}\n`)
  }

  /** Resolves when a slow reader of stdout has caught up, or `signal` aborts: unread data stays in memory. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    const written = this.#written.get('stdout')
    if (written === undefined || signal.aborted || !process.stdout.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        signal.removeEventListener('abort', finish)
        resolve()
      }
      signal.addEventListener('abort', finish, { once: true })
      void written.then(finish)
    })
  }

  /** A text for people; nothing when a program reads. */
  note(text: string): void {
    if (this.#manner.json) return
    this.endProgress()
    this.#write('stderr', `${printable(text)}\n`)
  }

  /** Notes one failure of several. */
  noteFailure(who: string, error: unknown): void {
    const { verbose, json } = this.#manner
    this.note(`${who}: ${lineOf(error, this.#manner)}`)
    if (verbose && !json) this.#write('stderr', detailsOf(error))
  }

  /** Shows on one line of a terminal what the verb waits for. */
  progress(text: string): void {
    const { json, quiet } = this.#manner
    if (json || quiet || !this.#isTerminal('stderr')) return
    // A terminal that does not know its width says 0.
    const width = process.stderr.columns || 80
    this.#write('stderr', `\r\u001b[K${printable(text).slice(0, width - 2)}…`)
    this.#progress = true
  }

  /** A failure: one line that says what happened and what to do; with --verbose why, and the end of the log. */
  failure(error: unknown, advice?: string): void {
    this.endProgress()
    const { program, json, verbose } = this.#manner
    // A failure to write cannot be written there again.
    if (json && this.#failure === undefined) {
      this.#write('stdout', `${JSON.stringify({ error: plain(error) })}\n`)
      return
    }
    this.#write('stderr', `${program}: ${printable(lineOf(error, this.#manner, advice))}\n`)
    if (verbose) this.#write('stderr', detailsOf(error))
  }

  colour(colour: Colour, text: string): string {
    const isPlain = this.#manner.json || !this.#isTerminal('stdout') || (process.env.NO_COLOR ?? '') !== ''
    return isPlain ? text : styleText(colour, text, { validateStream: false })
  }

  /** Resolves when all has been written, to the error of stdout if there was one other than EPIPE. */
  async end(): Promise<Error | undefined> {
    if (this.#written.size === 0) return this.#failure
    await Promise.all(this.#written.values())
    // The stream tells its error after the callback.
    await turn()
    for (const name of this.#written.keys()) process[name].off('error', this.#listeners[name])
    return this.#failure
  }

  #write(name: Stream, text: string): void {
    if (this.#manner.quiet || text === '' || (name === 'stdout' && this.#isClosed)) return
    const rest = this.#writeNow(name, text)
    if (rest.length === 0) return
    const stream = process[name]
    if (!this.#written.has(name)) stream.on('error', this.#listeners[name])
    // In order: the last one is all of them.
    this.#written.set(name, new Promise((resolve) => stream.write(rest, () => resolve())))
  }

  /** Writes without the stream, unless that is in use already: lines must keep their order. Gives the rest. */
  #writeNow(name: Stream, text: string): string | Buffer {
    const descriptor = DESCRIPTORS[name]
    const isInOrder = this.#manner.isOwnProcess && !this.#isStreaming && !this.#written.has(name)
    if (!isInOrder || !isFileOrPipe(descriptor)) return text
    try {
      return writeNow(descriptor, Buffer.from(text))
    } catch (error) {
      if (!isError(error)) throw error
      this.#listeners[name](error)
      return ''
    }
  }

  #isTerminal(name: Stream): boolean {
    const isKnown = this.#manner.isOwnProcess && isFileOrPipe(DESCRIPTORS[name])
    return !isKnown && process[name].isTTY === true
  }

  endProgress(): void {
    if (this.#progress) this.#write('stderr', '\r\u001b[K')
    this.#progress = false
  }
}
