// A launcher by API: it loads one peer and carries out one message at a time. It answers with the begin and the end, on
// the clock that all processes share, and if `stall` is set with the longest stall of its event loop.
// Arguments: the peer's name, its place in JSON. Messages: { verb, app, stall, repeat, together, megabytes, ms }.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { longestStall } from '../measure.js'
import { adapters } from './adapters/index.js'

const [name, place] = process.argv.slice(2)
const PIECE = 64
// Set here, since daimon would hand a flag of Node.js on to its daemon, whose boot it would slow.
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')
let ballast = []

const own = {
  nothing: ({ ms }) => delay(ms),
  read: ({ app }) => readFileSync(app.pidFile),
  /** Makes this process larger. */
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
  // daemonize2 throws the app's error from a listener of its own.
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
// Tells that the peer is loaded, and the verbs of its API.
process.send(Object.keys(api))
