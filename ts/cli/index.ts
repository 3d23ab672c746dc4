/**
 * The command line, in a bundle of its own, so that a program that does not use it does not load it (`ts/late.ts`).
 * All files of this folder, and of those in it, run in the process of the command, or of a program that calls
 * `Daemon#cli()`. With the verb `run` this process becomes the daemon.
 */

export { main } from './main.js'
