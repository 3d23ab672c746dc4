/** The command line, apart from the rest: only who uses it loads it, see `command.ts`. */

export { main } from './cli/main.js'
