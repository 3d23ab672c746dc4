/**
 * The environment variable by which a daemon knows that it is one. The core writes it between clone and exec; the
 * daemon reads and removes it at adoption. Runs in both processes, as part of what is loaded before a script.
 */
export const ADOPTION_VARIABLE = 'DAIMON_ADOPTION'
