/** The shape of a verb of the command line. */

import type { Daemon } from '../../index.js'
import type { Logger } from '../../types/options.js'
import type { Source } from '../completion/answer.js'
import type { Flag } from '../flags.js'
import type { Output } from '../output.js'
import type { Words } from '../parse.js'

/** The call of a verb. */
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
  /** The usage after the verb. */
  readonly usage: string
  /** An example after the program's name. */
  readonly example: string
}

/** A verb, its help, and what it does. */
export interface Verb {
  readonly name: string
  readonly summary: string
  /** The form in the `daimon` command. */
  readonly form: Form
  /** The form in a program that has a Daemon of its own; undefined if it lacks this verb. */
  readonly embedded?: Form
  /** Exit codes and their meaning; 2 is always a wrong command line. */
  readonly codes: string
  readonly flags: readonly Flag[]
  /** The words that are no flags, by position, for completion. */
  readonly operands?: readonly (Source | readonly string[])[]
  /** Resolves to the exit code. */
  run(call: Call): Promise<number>
}
