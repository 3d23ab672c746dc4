/** The command line, apart from the rest: only who uses it loads it. */

export { main } from './cli/main.js'
