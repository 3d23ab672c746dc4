/**
 * One row of the table of options: all that the package knows of an option, except its type and its place in the docs.
 * For both processes.
 */

/** The calls that take options. `wait` is a verb that has no option but a signal. */
export type Form = 'Daemon' | 'daemonize' | 'with' | 'stop' | 'wait' | 'logs' | 'connect'

/** The forms of an option that describes a daemon. */
export const COMMON: readonly Form[] = ['Daemon', 'daemonize', 'with']

/** How the text of a flag is read; without this the value is the text itself. */
export type Reading =
  | 'account'
  | 'bytes'
  | 'milliseconds'
  | 'number'
  | 'octal'
  | 'ready'
  | 'signal'
  | 'switchOrText'

/** How the texts of a flag are read that may be given several times. */
export type Collection = 'actions' | 'limits' | 'listen' | 'numbers' | 'texts' | 'variables'

/**
 * The uses in which a flag may make no sense: a program that has a Daemon of its own, the foreground, the file of a
 * supervisor, and verbs that always detach, or never.
 */
export type Use = 'embedded' | 'foreground' | 'unit' | 'decided'

/** The flag of an option. */
export interface FlagRow {
  /** Without dashes; without this it is the option's name in kebab case. */
  readonly called?: string
  readonly short?: string
  /** The placeholder of its value in help, by which shells also complete it; undefined for a switch. */
  readonly value?: string
  /** Whether the value may be left out, which means `true`; if it is given, then as `--flag=VALUE`. */
  readonly isOptional?: true
  readonly reads?: Reading
  /** For a flag that may be given several times. */
  readonly collects?: Collection
  /** The words that its value can be. */
  readonly choices?: readonly string[]
  /** The value of a switch; true without this. If it is false, the flag's name begins with `no-`. */
  readonly on?: boolean
  /** The uses that lack this flag. */
  readonly notIn?: readonly Use[]
  /** Without the default, where that is a number: help adds it. */
  readonly help: string
}

/** A row of an option without a default. */
export interface Row<T> {
  /** Gives the value checked and normalised. @throws InvalidOptionError */
  readonly check: (option: string, value: unknown) => T
  readonly forms: readonly Form[]
  /** Undefined if a command line gives the option in another way, or not at all. */
  readonly flag?: FlagRow
}

/** A row of an option that has a value even when it is not given. */
export interface RowWithDefault<T> extends Row<T> {
  readonly default: T
}
