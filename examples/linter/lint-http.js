/** The same command over HTTP: `node examples/linter/lint-http.js FILE…`. */

import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { engineOf } from './engine-of.js'

const engine = engineOf('engine-http.js', 'engine-http')

/** Its connections lead to the engine, which the first one starts if need be. */
class EngineAgent extends Agent {
  createConnection(_options, callback) {
    engine.connect().then((socket) => callback(null, socket), callback)
  }
}

const agent = new EngineAgent({ keepAlive: true, maxSockets: 4 })

async function lint(file) {
  const path = `/problems?file=${encodeURIComponent(resolve(file))}`
  const [response] = await once(request({ agent, path, host: 'engine' }).end(), 'response')
  const { problems = [], error } = JSON.parse(await text(response))
  for (const problem of problems) console.log(`${resolve(file)}:${problem}`)
  if (error !== undefined) console.error(`${resolve(file)}: ${error}`)
  if (error !== undefined || problems.length > 0) process.exitCode = 1
}

await Promise.all(process.argv.slice(2).map(lint))
agent.destroy()
