/**
 * The version of all messages from launcher to daemon, and from daemon to the helper that restarts it. Runs in all
 * three. The adoption variable has a version of its own, `VERSION` in `crates/core/src/handover/variable.rs`: the core
 * of the daemon reads that before it receives any message.
 */

/**
 * Raised with each change that a reader of an older version would misunderstand. Writer and reader may come from two
 * versions of the package, because the package may be replaced while a launcher or a daemon runs, and a bundle contains
 * the version that it was made with.
 */
export const HANDOVER_VERSION = 1
