/**
 * A turn of the event loop. `node:timers/promises` has it, too, and would cost every import of the package 0.1 ms. Runs
 * in both processes, and is loaded before a script.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
