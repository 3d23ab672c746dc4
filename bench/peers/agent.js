// A launcher by API: a process that loads one peer and does what it is told, one thing at a time. It tells when it
// began and ended, on the clock that all processes share, and if it is asked for it the longest stall of its event
// loop.
// Arguments: the peer's name, its place in JSON. Told: { verb, app, stall, repeat, together, megabytes, ms }.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { longestStall } from '../measure.js'
import { adapters } from './adapters/index.js'

const [name, place] = process.argv.slice(2)
const PIECE = 64
// Not by a flag of Node.js, which daimon would hand on, and which makes every boot slower.
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')
let ballast = []

const own = {
  nothing: ({ ms }) => delay(ms),
  read: ({ app }) => readFileSync(app.pidFile),
  /** Makes this process so much larger. */
  weigh({ megabytes }) {
    ballast = []
    gc()
    ballast = Array.from({ length: megabytes / PIECE }, () => Buffer.alloc(PIECE * 1024 * 1024, 1))
    return ballast.length
  },
}
const api = adapters.find((adapter) => adapter.name === name).api(JSON.parse(place))

async function work(told) {
  if (told.together !== undefined) {
    await Promise.allSettled(Array.from({ length: told.together }, async () => api[told.verb](told.app)))
    return
  }
  for (let call = 0; call < (told.repeat ?? 1); call++)
    await (own[told.verb]?.(told) ?? api[told.verb](told.app))
}

process.on('message', async (told) => {
  // Some throw the app's error into the middle of the launcher.
  const thrown = new Promise((_, reject) => process.once('uncaughtException', reject))
  const answer = { begin: process.hrtime.bigint() }
  const run = () => Promise.race([work(told), thrown])
  try {
    if (told.stall) answer.stall = await longestStall(run)
    else await run()
  } catch (error) {
    answer.error = inspect(error)
  }
  answer.end = process.hrtime.bigint()
  process.removeAllListeners('uncaughtException')
  process.send(answer)
})
// Ready, with these verbs.
process.send(Object.keys(api))
