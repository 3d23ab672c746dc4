/**
 * `npm run demo`: the HTTP server next door as a daemon, from its start to its stop. Every step checks what came of it;
 * the demo exits with 1 when one is not as expected, and leaves neither a file nor a process behind.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AlreadyRunningError, Daemon, StartFailedError } from 'daimon'

// Ctrl-C, a closed terminal or a closed pipe end the present step; the clean-up at the end runs all the same.
const interrupt = new AbortController()
const { signal } = interrupt
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => interrupt.abort(new Error(`interrupted by ${name}`)))
}
process.stdout.on('error', (error) => interrupt.abort(error))

const folder = mkdtempSync(join(tmpdir(), 'daimon-demo-'))
const greetingFile = join(folder, 'greeting.txt')
const port = await freePort()

/** The server as a daemon; two of them differ in their pidfiles alone. */
function serverAs(name) {
  const options = {
    name,
    pidFile: join(folder, `${name}.pid`),
    log: join(folder, `${name}.log`),
    script: new URL('server.js', import.meta.url),
    scriptArgs: [String(port), greetingFile],
  }
  return new Daemon(options)
}

const web = serverAs('demo')
const rival = serverAs('demo-rival')

async function demo() {
  step('Start examples/server.js as a daemon')
  writeFileSync(greetingFile, 'Hello')
  const begun = performance.now()
  const { pid } = await web.with({ signal }).start()
  tell(
    `serving with PID ${pid} after ${Math.round(performance.now() - begun)} ms; this program has ${process.pid}`,
  )
  expect(pid !== process.pid, 'another process')
  expect(readFileSync(web.pidFile, 'utf8') === `${pid}\n`, 'its PID in the pidfile')

  step(`Ask it: GET http://127.0.0.1:${port}/`)
  const answer = await ask()
  tell(JSON.stringify(answer))
  expect(answer.greeting === 'Hello' && answer.pid === pid, 'an answer from the daemon')

  step('Show its status')
  const status = await web.status()
  const { state, uptime = 0, memory = 0 } = status
  tell(
    `${state}, PID ${status.pid}, up for ${Math.round(uptime)} ms, ${Math.round(memory / 1e6)} MB of memory`,
  )
  tell(`pidfile: ${status.pidFile}`)
  expect(state === 'running' && status.pid === pid, 'running with the same PID')

  step('Change its configuration and reload it')
  writeFileSync(greetingFile, 'Good evening')
  await web.reload()
  const reloaded = await until(ask, ({ greeting }) => greeting === 'Good evening')
  tell(JSON.stringify(reloaded))
  expect(reloaded.pid === pid, 'the same process')

  step('Restart it')
  const restarted = await web.with({ signal }).restart()
  const again = await ask()
  tell(`was ${pid}, is ${restarted.pid}: ${JSON.stringify(again)}`)
  expect(restarted.pid !== pid && again.pid === restarted.pid, 'a new process that answers')

  step('Start it a second time')
  const refused = await failure(() => web.with({ signal }).start())
  tell(`${refused.name}: ${refused.message}`)
  expect(
    refused instanceof AlreadyRunningError && refused.pid === restarted.pid,
    'a refusal that names the PID',
  )

  step('Start another one on the same port')
  const failed = await failure(() => rival.with({ signal }).start())
  tell(`${failed.name}: ${failed.message}`)
  tell(
    `cause: ${failed.cause?.code}, ${failed.cause?.syscall} ${failed.cause?.address}:${failed.cause?.port}`,
  )
  tell(`exit code: ${failed.exitCode}; its log ends with: ${failed.log?.split('\n').at(-1)}`)
  expect(failed instanceof StartFailedError && failed.cause?.code === 'EADDRINUSE', "the daemon's own error")
  expect(!existsSync(rival.pidFile), 'no pidfile')
  expect((await ask()).pid === restarted.pid, 'the first one serving on')

  step('Stop it')
  const stopped = await web.with({ signal }).stop()
  tell(`${stopped.state}; had to be killed: ${stopped.forced}`)
  const log = readFileSync(join(folder, 'demo.log'), 'utf8').trim().split('\n')
  tell(`its log has ${log.length} lines and ends with: ${log.at(-1)}`)
  expect(stopped.wasRunning && !stopped.forced, 'a stop in good order')
  expect(!existsSync(web.pidFile), 'no pidfile')
  const silent = await failure(ask)
  expect(silent.cause?.code === 'ECONNREFUSED', 'nobody listening any more')
}

let steps = 0

function step(what) {
  signal.throwIfAborted()
  steps++
  console.log(`${steps}. ${what}`)
}

function tell(detail) {
  console.log(`     ${detail}`)
}

function expect(fulfilled, what) {
  if (!fulfilled) throw new Error(`expected: ${what}`)
}

async function ask() {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' }, signal })
  return await response.json()
}

/** The error with which `work` rejects. */
async function failure(work) {
  const done = await work().then(
    () => undefined,
    (error) => error,
  )
  signal.throwIfAborted()
  expect(done !== undefined, 'an error')
  return done
}

/** A signal takes a moment to arrive: asks until the answer fits. */
async function until(question, fits) {
  for (let left = 500; left > 0; left--) {
    const found = await question()
    if (fits(found)) return found
    await delay(10, undefined, { signal })
  }
  throw new Error('expected: the change to take effect within 5 seconds')
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

try {
  await demo()
  console.log(`All ${steps} steps went as expected.`)
} catch (error) {
  console.error(`Step ${steps} did not go as expected:`, error)
  process.exitCode = 1
} finally {
  try {
    await Promise.all([web.stop(), rival.stop()])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
