// For notified.service: tells systemd when it is ready, what it does, and that it is alive.
import { createServer } from 'node:http'
import { daemonize } from 'daimon'

const daemon = await daemonize({ name: 'notified', pidFile: process.env.PIDFILE })

daemon.notify('opening the port')
const server = createServer((_request, response) => response.end('hello\n'))
// A socket that systemd has opened, or a port of our own.
const socket = Object.values(daemon.sockets)[0]
server.listen(socket === undefined ? Number(process.env.PORT ?? 8080) : { fd: socket })
server.on('listening', () => daemon.notify('serving'))
daemon.on('reload', () => daemon.notify('reloaded'))
daemon.onStop(() => new Promise((resolve) => server.close(resolve)))
