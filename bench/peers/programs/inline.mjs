// A server in one program, which becomes a daemon by daemonize() if it has a pidfile. Arguments: the port (0: any), the
// record; the pidfile and the URL of the package.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [port, record, pidFile, daimon] = process.argv.slice(2)
if (pidFile !== undefined) {
  const { daemonize } = await import(daimon)
  await daemonize({ pidFile })
}
createServer((_request, response) => response.end('ok')).listen(Number(port), '127.0.0.1', () => {
  appendFileSync(record, `${process.pid} ${process.hrtime.bigint()}\n`)
})
