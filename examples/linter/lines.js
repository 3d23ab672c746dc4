/** The protocol of lint.js and engine.js: one value of JSON a line, in both directions. */

/** Calls `take` with each value that comes, and `end` after the last. What is no JSON ends it all by an error. */
export function receive(socket, take, end) {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()
    try {
      for (const line of lines) take(JSON.parse(line))
    } catch (error) {
      socket.destroy(error)
    }
  })
  socket.on('end', end)
}

export const send = (socket, value) => socket.write(`${JSON.stringify(value)}\n`)
