/** What a verb of the command line is. */

import type { Daemon } from '../../index.js'
import type { Logger } from '../../types/options.js'
import type { Source } from '../completion/answer.js'
import type { Flag } from '../flags.js'
import type { Output } from '../output.js'
import type { Words } from '../parse.js'

/** What a verb is given. */
export interface Call {
  /** As the user calls it. */
  readonly program: string
  /** The verb's name. */
  readonly verb: string
  readonly words: Words
  readonly out: Output
  /** The Daemon of an embedding program; undefined for the `daimon` command, which makes one of the flags. */
  readonly daemon: Daemon | undefined
  /** The logger of that Daemon. */
  readonly logger: Logger | undefined
}

/** How a verb is called. */
export interface Form {
  /** What follows the verb. */
  readonly usage: string
  /** What follows the program's name. */
  readonly example: string
}

/** A verb, its help, and what it does. */
export interface Verb {
  readonly name: string
  readonly summary: string
  /** Of the `daimon` command. */
  readonly form: Form
  /** Of a program that has a Daemon of its own; undefined where it has no such verb. */
  readonly embedded?: Form
  /** Exit codes and their meaning; 2 is always a wrong command line. */
  readonly codes: string
  readonly flags: readonly Flag[]
  /** What its words are that are no flags, in their places, for completion. */
  readonly operands?: readonly (Source | readonly string[])[]
  /** Resolves to the exit code. */
  run(call: Call): Promise<number>
}
