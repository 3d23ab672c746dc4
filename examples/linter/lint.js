/** The command: `node examples/linter/lint.js FILE…` asks the engine, which it starts if need be. */

import { resolve } from 'node:path'
import { engineOf } from './engine-of.js'
import { receive, send } from './lines.js'

const socket = await engineOf('engine.js', 'engine').connect()

const files = process.argv.slice(2).map((file) => resolve(file))
for (const file of files) send(socket, { file })
// The other side is still open.
socket.end()

let unanswered = files.length
receive(
  socket,
  ({ file, problems = [], error }) => {
    unanswered -= 1
    for (const problem of problems) console.log(`${file}:${problem}`)
    if (error !== undefined) console.error(`${file}: ${error}`)
    if (error !== undefined || problems.length > 0) process.exitCode = 1
  },
  () => {
    if (unanswered > 0) fail('it ended before it had answered all')
  },
)
socket.on('error', ({ message }) => fail(message))

function fail(reason) {
  console.error(`the engine of the linter: ${reason}`)
  process.exitCode = 2
}
