// A program that fails at once by process.exitCode alone.
import { once } from 'node:events'
import { createServer } from 'node:http'
import test from 'ava'
import { nothingLeft } from '../helpers/failures.js'
import { folder } from '../helpers/index.js'
import { idle } from '../helpers/pidfile.js'

/** Says that it has failed as many programs do, and goes on only where it is told so. */
const BUSY = `main().catch((error) => {
  console.error(error.message)
  process.exitCode = 3
  if (process.env.GOES_ON) setInterval(() => {}, 1e6)
})
async function main() {
  await once(createServer().listen(Number(process.env.BUSY_PORT)), 'listening')
}`

const IMPORTS = "import { once } from 'node:events'; import { createServer } from 'node:http'; "

const REQUIRES = "const { once } = require('node:events'), { createServer } = require('node:http'); "

const LAUNCH = `const { code, exitCode, state, message } = await daemon.start().catch((error) => error)
  console.log(JSON.stringify({ code, exitCode, state, message }))`

const script = (name) => `import { Daemon } from "DAIMON"
  const daemon = new Daemon({ pidFile: 'a.pid', script: '${name}' })
  ${LAUNCH}`

const FORMS = {
  'an ES module': script('a.mjs'),
  'a CommonJS module': script('a.cjs'),
  'a run()': `import { Daemon } from "DAIMON"
    ${IMPORTS}
    const daemon = new Daemon({ pidFile: 'a.pid', run() { ${BUSY} } })
    ${LAUNCH}`,
  'daemonize()': `import { daemonize } from "DAIMON"
    ${IMPORTS}
    const launched = await daemonize({ pidFile: 'a.pid', exit: false }).catch((error) => error)
    if (launched.role === 'daemon') { ${BUSY} }
    const { code, exitCode, state, message } = launched
    if (launched.role !== 'daemon') console.log(JSON.stringify({ code, exitCode, state, message }))`,
}

for (const [name, program] of Object.entries(FORMS)) {
  test.serial(`${name} that fails at once by process.exitCode alone is a failed start`, async (t) => {
    const place = folder(t)
    place.write('a.mjs', IMPORTS + BUSY)
    place.write('a.cjs', REQUIRES + BUSY)
    const server = createServer().listen()
    t.teardown(() => server.close())
    await once(server, 'listening')
    const start = async (more) => {
      const env = { BUSY_PORT: String(server.address().port), ...more }
      return JSON.parse((await place.node([place.write('p.mjs', program)], { env })).stdout)
    }
    const failed = await start({})
    t.like(failed, { code: 'ERR_DAEMON_START_FAILED', exitCode: 3 })
    t.regex(failed.message, /exited with code 3 before it was ready; the last line .*EADDRINUSE/)
    await nothingLeft(t, place)
    // Whoever goes on serves.
    t.is((await start({ GOES_ON: '1' })).state, 'running')
    t.like(await idle(place).stop(), { wasRunning: true, forced: false })
  })
}

for (const [what, text] of Object.entries({
  'has threads at work': "crypto.scrypt('a', 'b', 64, () => setInterval(() => {}, 1e6))",
  'has a worker': "new worker_threads.Worker('setInterval(() => {}, 1e6)', { eval: true })",
  serves: 'http.createServer().listen()',
})) {
  test.serial(`a program that has set a failing code beforehand and ${what} is ready`, async (t) => {
    const place = folder(t)
    const requires = ['crypto', 'http', 'worker_threads'].map(
      (name) => `const ${name} = require('node:${name}')\n`,
    )
    const daemon = idle(place, {
      script: place.write('a.cjs', `${requires.join('')}process.exitCode = 1\n${text}`),
    })
    t.is((await daemon.start()).state, 'running')
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
  })
}
