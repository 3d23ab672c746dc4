// Starts the server by a bare spawn. Arguments: the server and its arguments.
import { spawn } from 'node:child_process'

spawn(process.execPath, process.argv.slice(2), { detached: true, stdio: 'ignore' }).unref()
