// The app that every peer makes a daemon of: an HTTP server. It records when it began to listen, on the clock that all
// processes share. Arguments: the port (0: any), the record, and what it is to do besides: nothing (`plain`), ignore
// the signals of a polite stop (`stubborn`), fail (`failing`).
const { appendFileSync } = require('node:fs')
const { createServer } = require('node:http')

const [port, record, mode] = process.argv.slice(2)
if (mode === 'failing') throw new Error('the body of this daemon fails')
if (mode === 'stubborn') for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => {})

createServer((_request, response) => response.end('ok')).listen(Number(port), '127.0.0.1', () => {
  const listening = process.hrtime.bigint()
  appendFileSync(record, `${process.pid} ${listening}\n`)
  // pm2 and others that wait for it wait for this message.
  if (process.connected) process.send('ready')
})
