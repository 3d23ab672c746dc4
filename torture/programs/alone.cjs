// A name that one process at a time can have, for the oracles: an abstract socket, unix(7). The kernel gives it back
// when the process ends. No child of the process inherits it, as it would a file's lock.
const { createServer } = require('node:net')

/** Takes the name for the rest of this process's life. False if another process has it. */
function isAlone(name) {
  // The name is bound in the call itself; only the event for it comes later.
  const server = createServer()
    .on('error', () => {})
    .listen({ path: `\0daimon-torture-${name}`, exclusive: true })
  server.unref()
  return server.listening
}

module.exports = { isAlone }
