/** Moments between two steps of a log's reader, at which a writer or a rotation may change the log. */

/** Functions that are called at these moments. Tests use them to write or rotate then; otherwise they do nothing. */
export interface Moments {
  /** The reader has looked for a file of the log, by its number: 0 is the log itself. */
  opened(number: number): void
  /** The next file is no longer empty, so the reader begins to wait for late writes to the present file. */
  awaitingLateWrites(): void
}

export const NOTHING_HAPPENS: Moments = { opened() {}, awaitingLateWrites() {} }
