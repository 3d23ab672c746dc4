/** The engine of lint.js: answers `{ file }` by `{ file, problems, known }` or `{ file, error }`. */

import { Daemon } from 'daimon'
import { check } from './check.js'
import { receive, send } from './lines.js'

Daemon.current.onConnection((socket) => {
  const answers = []
  const answer = async (file) => {
    const found = await check(file).catch(({ message }) => ({ error: message }))
    send(socket, { file, ...found })
  }
  receive(
    socket,
    ({ file }) => answers.push(answer(file)),
    // The command has asked all: when all is answered, the engine ends its own side.
    async () => {
      await Promise.all(answers)
      socket.end()
    },
  )
  // A command that says nothing for so long would keep the engine from ending.
  socket.setTimeout(60_000, () => socket.destroy())
  // A command that was killed.
  socket.on('error', () => socket.destroy())
})
