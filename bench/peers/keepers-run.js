// Runs the comparison of keepers in a process of its own, which pm2's API would keep alive. Argument: `{ rounds,
// folder }` as JSON. Prints the results as JSON.
import { compareKeepers } from './keepers.js'

const found = await compareKeepers(JSON.parse(process.argv[2]))
process.stdout.write(JSON.stringify(found), () => process.exit())
