// Waits ten thousand times for the ends of all named daemons. Tells its parent what the waits have cost, when all of
// them wait and when all are over. Arguments: the facade, the number of waits, the names of the daemons.
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const [facade, count, ...names] = process.argv.slice(2)
const { Daemon } = await import(facade)

const now = () => ({
  descriptors: readdirSync('/proc/self/fd').length,
  threads: readdirSync('/proc/self/task').length,
})
const daemons = names.map((name) => new Daemon({ name }))
await daemons[0].status()
const before = now()
let over = 0
const waits = Array.from({ length: Number(count) }, async (_, index) => {
  await daemons[index % daemons.length].exited()
  over++
})
// The waits begin in a few turns of the event loop.
let during = now()
for (let same = 0; same < 10; ) {
  await delay(50)
  const next = now()
  same = JSON.stringify(next) === JSON.stringify(during) ? same + 1 : 0
  during = next
}
process.send({ before, during, over })
const results = await Promise.allSettled(waits)
const errors = results.filter(({ status }) => status === 'rejected').map(({ reason }) => String(reason))
let after = now()
for (
  let rest = 100;
  (after.descriptors > before.descriptors || after.threads > before.threads) && rest > 0;
  rest--
) {
  await delay(20)
  after = now()
}
process.send({ after, over, failed: errors.length, first: errors[0] })
process.disconnect()
