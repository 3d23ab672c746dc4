// A name that one process at a time can have, for the oracles: an abstract socket, unix(7). The kernel gives it back
// when the process ends. No program that the process executes inherits it, as it would a file's lock.
const { readdirSync, readFileSync, readlinkSync } = require('node:fs')
const { createServer } = require('node:net')

/** Between two tries, in milliseconds, and how many there are. */
const PAUSE = 5
const TRIES = 6_000

/**
 * Takes the name for the rest of this process's life, without giving the event loop a turn. False if another process
 * has it. One that is ending does not count: the kernel takes all its descriptors from it first, and closes them one by
 * one, the lock of the pidfile early, the name later.
 */
function isAlone(name) {
  for (let tries = 0; tries < TRIES; tries++) {
    if (binds(name)) return true
    if (isOpenAt(name)) return false
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE)
  }
  return false
}

const pathOf = (name) => `daimon-torture-${name}`

function binds(name) {
  // The name is bound in the call itself; only the event for it comes later.
  const server = createServer()
    .on('error', () => {})
    .listen({ path: `\0${pathOf(name)}`, exclusive: true })
  server.unref()
  return server.listening
}

/** Whether a process has the socket of that name among its descriptors. */
function isOpenAt(name) {
  // Node.js 20 pads the name with zeros, which are told as `@`.
  const lines = readFileSync('/proc/net/unix', 'latin1').replace(/@+$/gm, '').split('\n')
  const line = lines.find((one) => one.endsWith(` @${pathOf(name)}`))
  if (line === undefined) return false
  const link = `socket:[${line.split(/\s+/)[6]}]`
  return all('/proc').some((pid) =>
    all(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === link),
  )
}

/** The names in the folder that are numbers; none where it cannot be read. */
function all(folder) {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}

function linkOf(path) {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

module.exports = { isAlone }
