// A server on a Unix socket, which says a byte to each client and ends when the client does: as a daemon on demand, and
// by hand. Arguments: the facade, or `hand`; by hand also the path.
const [facade, path] = process.argv.slice(2)
if (facade === 'hand') {
  require('node:net')
    .createServer((socket) => serve(socket))
    .listen(path)
} else {
  import(facade).then(({ Daemon }) => Daemon.current.onConnection(serve))
}

function serve(socket) {
  socket.on('error', () => {})
  socket.write('.')
  socket.resume()
}
