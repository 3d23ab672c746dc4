// A launcher by API: it loads one peer and carries out one message at a time. It answers with the begin and the end, on
// the clock that all processes share, and if `stall` is set with the longest stall of its event loop.
// Arguments: the peer's name, its place in JSON. Messages: { verb, app, stall, repeat, together, megabytes, ms }.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
import { longestStall } from '../measure.js'
import { adapters } from './adapters/index.js'

const [name, place] = process.argv.slice(2)
/** Holds so many MB. Its end frees them without a garbage collection here, which would drop compiled code. */
const BALLAST = `
const { parentPort, workerData } = require('node:worker_threads')
const held = Array.from({ length: workerData / 64 }, () => Buffer.alloc(64 * 1024 * 1024, 1))
parentPort.on('message', () => held.length)
parentPort.postMessage('held')
`
let ballast

const own = {
  nothing: ({ ms }) => delay(ms),
  read: ({ app }) => readFileSync(app.pidFile),
  /** Makes this process larger. */
  async weigh({ megabytes }) {
    await ballast?.terminate()
    ballast = megabytes === 0 ? undefined : new Worker(BALLAST, { eval: true, workerData: megabytes })
    if (ballast) await once(ballast, 'message')
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
  // The object that the verb is a method of is there, as in a program that has it.
  if (told.app) api.prepare?.(told.app)
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
