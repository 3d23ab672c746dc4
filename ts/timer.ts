/** The longest time that a timer of Node.js can wait, in milliseconds (24.8 days). Runs in both processes. */
export const LONGEST_TIMER: number = 2 ** 31 - 1
