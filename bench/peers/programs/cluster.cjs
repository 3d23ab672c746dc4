// Runs a server in INSTANCES workers of node:cluster, and makes a new one when one ends. Argument: the server.
const cluster = require('node:cluster')

if (cluster.isPrimary) {
  for (let count = 0; count < Number(process.env.INSTANCES); count++) cluster.fork()
  cluster.on('exit', () => cluster.fork())
} else require(process.argv[2])
