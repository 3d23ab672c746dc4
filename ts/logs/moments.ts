/** What others may do to a log between two steps of its reader. */

/** Called at these moments. They do nothing, but in tests, which do there what a writer or a rotation may do. */
export interface Moments {
  /** A file of the log has been looked for, by its number: 0 is the log itself. */
  opened(number: number): void
  /** There is something in the next file, and the reader begins to wait for late writes to the present one. */
  settling(): void
}

export const NOTHING_HAPPENS: Moments = { opened() {}, settling() {} }
