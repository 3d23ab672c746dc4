// Calls verbs on a daemon, one after the other, and tells what each has given: a line of JSON for each on descriptor
// 3. It goes on when it reads a byte, so that whoever reads the line can look around meanwhile. Argument: settings as
// JSON.
import { readdirSync, readSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { within } from '../lib/within.js'

const { facade, options, verbs, deadline } = JSON.parse(process.argv[2])

/** The open descriptors of this process; undefined where /proc does not tell. */
function descriptors() {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}

let before

/** Tells how many descriptors there are more than at the first time; Node.js closes some of them a moment later. */
async function settled() {
  before ??= descriptors()
  let after = descriptors()
  for (let rest = 50; after > before && rest > 0; rest--) {
    await delay(10)
    after = descriptors()
  }
  return { more: after === undefined ? undefined : after - before }
}

const VERBS = {
  start: (daemon) => daemon.start(),
  status: (daemon) => daemon.status(),
  reload: (daemon) => daemon.reload(),
  signal: (daemon) => daemon.signal('SIGWINCH'),
  restart: (daemon) => daemon.restart(),
  stop: (daemon) => daemon.stop(),
  logs: async (daemon) => {
    let lines = 0
    for await (const _ of daemon.logs({ lines: 5 })) lines++
    return { lines }
  },
  exited: (daemon) => daemon.exited({ signal: AbortSignal.timeout(100) }).catch(timedOut),
  // Lets the daemon write, so that its log is rotated.
  pause: () => delay(150, {}),
  settled,
}

function timedOut(error) {
  if (error.name !== 'TimeoutError') throw error
  return { waited: true }
}

function toldOf(error, DaemonError) {
  const { name, code, reason, step, message, cause } = error ?? {}
  const isTyped = DaemonError !== undefined && error instanceof DaemonError
  return {
    isTyped,
    error: { name, code, reason, step, message: String(message), cause: cause?.code, stack: error?.stack },
  }
}

function tell(verb, outcome) {
  writeSync(3, `${JSON.stringify({ verb, ...outcome })}\n`)
  readSync(0, Buffer.alloc(1))
}

async function all() {
  let loaded
  try {
    loaded = await import(facade)
  } catch (error) {
    return tell('import', toldOf(error))
  }
  const { Daemon, DaemonError } = loaded
  const daemon = new Daemon(options)
  for (const verb of verbs) {
    const outcome = await within(VERBS[verb](daemon), deadline).then(
      (value) => (value?.hang ? { hang: true } : { value }),
      (error) => toldOf(error, DaemonError),
    )
    tell(verb, outcome)
  }
}

await all()
