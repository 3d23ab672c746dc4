/** Failures of the command itself: each says in one line what happened and what to do. */

/** Exit code 1. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
}

/** A command line that makes no sense: exit code 2. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
}

/** Ctrl-C while waiting: exit code 130. */
export class InterruptedError extends CommandError {
  override readonly name = 'InterruptedError'
}
