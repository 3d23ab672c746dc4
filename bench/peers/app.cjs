// The app: an HTTP server, which every peer makes a daemon of. It records the time at which it began to listen, on the
// clock that all processes share. Arguments: the port (0: any), the record, the mode: `plain`, `stubborn` (ignores
// SIGTERM and SIGINT), `failing` (throws at once).
const { appendFileSync } = require('node:fs')
const { createServer } = require('node:http')

const [port, record, mode] = process.argv.slice(2)
if (mode === 'failing') throw new Error('the body of this daemon fails')
if (mode === 'stubborn') for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => {})

createServer((_request, response) => response.end('ok')).listen(Number(port), '127.0.0.1', () => {
  const listening = process.hrtime.bigint()
  appendFileSync(record, `${process.pid} ${listening}\n`)
  // pm2 waits for this message if it is asked to.
  if (process.connected) process.send('ready')
})
