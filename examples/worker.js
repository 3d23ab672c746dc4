// A loop that never ends: ready once it runs. `node examples/worker.js` starts it, `... stop` stops it.
import { setTimeout as delay } from 'node:timers/promises'
import { Daemon } from 'daimon'

const worker = new Daemon({
  name: 'worker',
  log: 'worker.log',
  ready: 'running',
  async run(daemon) {
    for (let job = 1; !daemon.signal.aborted; job++) {
      console.log(`job ${job}`)
      // Ends early when the daemon is to stop: a job is never cut short, a pause is.
      await delay(1_000, undefined, { signal: daemon.signal }).catch(() => {})
    }
  },
})

const verb = process.argv[2] ?? 'start'
if (verb === 'start') await worker.start()
else if (verb === 'stop') await worker.stop()
else throw new Error(`no such verb: ${verb}`)
