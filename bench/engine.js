// A server on a Unix socket, which says a byte to each client and ends when the client does: as a daemon on demand, and
// by hand. Arguments: the facade, or `hand`; by hand also the path. It is an ES module in both cases, because a
// CommonJS module that imports the facade also pays for Node.js's loader of ES modules, 3 ms.
const [facade, path] = process.argv.slice(2)
if (facade === 'hand') {
  const { createServer } = await import('node:net')
  createServer(serve).listen(path)
} else {
  const { Daemon } = await import(facade)
  Daemon.current.onConnection(serve)
}

function serve(socket) {
  socket.on('error', () => {})
  socket.write('.')
  socket.resume()
}
