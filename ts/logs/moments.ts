/** Moments between two steps of a log's reader, at which a writer or a rotation may change the log. */

/** Called at these moments: by tests, which then do what a writer or a rotation may do. Otherwise nothing happens. */
export interface Moments {
  /** A file of the log has been looked for, by its number: 0 is the log itself. */
  opened(number: number): void
  /** There is something in the next file, and the reader begins to wait for late writes to the present one. */
  settling(): void
}

export const NOTHING_HAPPENS: Moments = { opened() {}, settling() {} }
