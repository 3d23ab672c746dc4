// Becomes a daemon itself, by `daemonize` or in the foreground. Tells what came of it by a line of JSON on descriptor
// 3. Arguments: the way, and settings as JSON.
import { writeSync } from 'node:fs'

const [way, text] = process.argv.slice(2)
const { facade, options } = JSON.parse(text)

function tell(outcome) {
  try {
    writeSync(3, `${JSON.stringify({ verb: way, ...outcome })}\n`)
  } catch {
    // The detached daemon has no such descriptor.
  }
}

let loaded
try {
  loaded = await import(facade)
} catch (error) {
  tell({
    verb: 'import',
    error: { name: error.name, code: error.code, message: error.message, stack: error.stack },
  })
  process.exit(1)
}
const { Daemon, DaemonError, daemonize } = loaded
const { script, ...rest } = options
const become = {
  daemonize: () => daemonize({ ...rest, exit: false }),
  foreground: () => new Daemon({ ...rest, script }).foreground(),
}
try {
  const context = await become[way]()
  const isDetached = way === 'daemonize' && context.role === 'daemon'
  if (!isDetached) tell({ value: { state: 'running', pid: context.pid } })
  if (context.role === 'launcher') process.exit(0)
  if (isDetached) await import(script)
} catch (error) {
  const { name, code, reason, step, message, cause } = error
  tell({
    isTyped: error instanceof DaemonError,
    error: { name, code, reason, step, message, cause: cause?.code, stack: error.stack },
  })
  process.exit(1)
}
