// Writes the instant of its own exit: the last JavaScript that this daemon executes.
import { writeFileSync } from 'node:fs'

process.on('exit', () => writeFileSync(process.argv[2], String(performance.timeOrigin + performance.now())))
setInterval(() => {}, 1_000_000)
