/**
 * An ordinary HTTP server: `node examples/server.js PORT [GREETING_FILE]` runs it in the foreground. As a daemon (see
 * demo.js) it also reads its greeting again on reload, and finishes open requests before it ends.
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { Daemon } from 'daimon'

const [port = '8080', greetingFile] = process.argv.slice(2)
const readGreeting = () => (greetingFile === undefined ? 'Hello' : readFileSync(greetingFile, 'utf8').trim())
let greeting = readGreeting()

const server = createServer((request, response) => {
  console.log(`${request.method} ${request.url}`)
  response.setHeader('content-type', 'application/json')
  response.end(`${JSON.stringify({ greeting, pid: process.pid })}\n`)
})
server.listen(Number(port), '127.0.0.1')
await once(server, 'listening')
console.log(`listening on port ${port}`)

// Undefined in the foreground.
const daemon = Daemon.current
daemon?.on('reload', () => {
  greeting = readGreeting()
  console.log('the greeting has been read again')
})
daemon?.onStop(({ by }) => {
  console.log(`stopping (by ${by})`)
  return new Promise((resolve) => server.close(resolve))
})
