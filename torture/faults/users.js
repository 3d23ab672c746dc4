/**
 * Users that have no other processes: RLIMIT_NPROC counts the threads of a user on the whole machine. Another run at
 * the same time has others.
 */

/** So many for each run. */
const SHARE = 20
/** From here on, and below the numbers that systemd gives away itself, 61184 to 65519. */
const FIRST = 50_000
const RUNS = 500

let next = FIRST + (process.pid % RUNS) * SHARE

/** One that has not been given before. */
export const freshUser = () => next++
