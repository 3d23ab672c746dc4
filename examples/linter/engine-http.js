/** The engine of lint-http.js: `GET /problems?file=FILE` answers `{ problems, known }` or `{ error }`. */

import { createServer } from 'node:http'
import { Daemon } from 'daimon'
import { check } from './check.js'

// It listens nowhere: the daemon gives it its connections.
const server = createServer(async (request, response) => {
  const { searchParams } = new URL(request.url, 'http://engine')
  const found = await check(searchParams.get('file')).catch(({ message }) => ({ error: message }))
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(found))
})

// A command that says nothing for so long would keep the engine from ending.
server.timeout = 60_000

Daemon.current.onConnection((socket) => server.emit('connection', socket))
