/** The command line, in a bundle of its own: a program that does not use it does not load it, see `ts/command.ts`. */

export { main } from './main.js'
