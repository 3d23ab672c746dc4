// A class with `run()`, typed arguments and a command line of its own, by commander:
// `npm install commander`, then `npx tsx examples/greeter.ts start Hello 8081`.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Command } from 'commander'
import { Daemon, type DaemonContext } from 'daimon'

class Greeter extends Daemon {
  override async run(daemon: DaemonContext, greeting: string, port: number): Promise<void> {
    const server = createServer((_request, response) => response.end(`${greeting}\n`)).listen(port)
    await once(server, 'listening')
    daemon.onStop(() => new Promise((resolve) => server.close(resolve)))
  }
}

const greeter = new Greeter({ name: 'greeter', log: 'greeter.log' })
const program = new Command('greeter')

program.command('start <greeting> <port>').action(async (greeting: string, port: string) => {
  const { pid } = await greeter.start(greeting, Number(port))
  console.log(`greeting on port ${port} with PID ${pid}`)
})
program.command('stop').action(async () => {
  const { wasRunning } = await greeter.stop()
  console.log(wasRunning ? 'stopped' : 'it was not running')
})
program.command('status').action(async () => console.log((await greeter.status()).state))

await program.parseAsync()
