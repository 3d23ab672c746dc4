// Binds a port as root and serves as somebody else: `node examples/port.js [PORT] [USER]`.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { daemonize } from 'daimon'

const daemon = await daemonize({ name: 'port', log: 'port.log', args: process.argv.slice(2) })
const [port = '80', user = 'nobody'] = daemon.args

const server = createServer((_request, response) => response.end(`user ${process.getuid()}\n`))
server.listen(Number(port))
await once(server, 'listening')
daemon.dropPrivileges({ user })
daemon.onStop(() => new Promise((resolve) => server.close(resolve)))
