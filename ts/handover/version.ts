/** The version of all that a launcher tells its daemon, and that a daemon tells the helper that restarts it. */

/**
 * Raised with each change that the reader of an older one would misunderstand. Writer and reader may be of two versions
 * of the package: it may be replaced while a launcher or a daemon runs, and a bundle keeps what it was made of.
 */
export const HANDOVER_VERSION = 1
