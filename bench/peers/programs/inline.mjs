// A server in a program of its own: by hand, or made a daemon by daimon. Arguments: the port (0: any), the record, and
// for a daemon the pidfile and the URL of the package.
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
