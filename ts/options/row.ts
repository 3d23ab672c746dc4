/**
 * One row of the table of options: all that the package knows of an option, except its type and its place in the docs.
 * Types only, for both processes.
 */

/** The calls that take options. `wait` is a verb that has no option but a signal. */
export type Form = 'Daemon' | 'daemonize' | 'with' | 'stop' | 'wait' | 'logs'

/** What the text of a flag is read as; without this the value is the text itself. */
export type Reading = 'account' | 'bytes' | 'detach' | 'milliseconds' | 'number' | 'octal' | 'signal'

/** What the texts of a flag are read as that may be given several times. */
export type Collection = 'actions' | 'limits' | 'numbers' | 'texts' | 'variables'

/**
 * Where a flag may make no sense: in a program that has a Daemon of its own, in the foreground, in the file of a
 * supervisor, and with verbs that always detach, or never.
 */
export type Use = 'embedded' | 'foreground' | 'unit' | 'decided'

/** The flag of an option. Its name is the option's in kebab case. */
export interface FlagRow {
  readonly short?: string
  /** What stands for its value in help, and says how shells complete it; undefined for a switch. */
  readonly value?: string
  readonly reads?: Reading
  /** Of a flag that may be given several times. */
  readonly collects?: Collection
  /** The words that its value can be, where these are all. */
  readonly choices?: readonly string[]
  /** What a switch says, true without this. The flag of one that says false begins with `no-`. */
  readonly on?: boolean
  /** Where there is no such flag. */
  readonly notIn?: readonly Use[]
  /** Without the default, where that is a number: help adds it. */
  readonly help: string
}

/** A row of an option without a default. */
export interface Row<T> {
  /** Gives the value checked and normalised. @throws InvalidOptionError */
  readonly check: (option: string, value: unknown) => T
  readonly forms: readonly Form[]
  /** Undefined for what a command line gives in another way, or not at all. */
  readonly flag?: FlagRow
  /** Whether it is a part of `Settings.process`. */
  readonly ofProcess?: true
}

/** A row of an option that has a value even when it is not given. */
export interface RowWithDefault<T> extends Row<T> {
  readonly default: T
}
