// The bare spawn as a program. Arguments: the server and its own.
import { spawn } from 'node:child_process'

spawn(process.execPath, process.argv.slice(2), { detached: true, stdio: 'ignore' }).unref()
