/** The command line, in a bundle of its own: only who uses it loads it, see `binding/command.ts`. */

export { main } from './main.js'
