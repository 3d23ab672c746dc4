/** Small instruments. Everything is measured in pairs, in turn, and given as medians. */

import { connect, createServer } from 'node:net'

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** A TCP port that nobody listens on. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}

export async function untilAccepts(port) {
  while (!(await accepts(port)));
}

/** The longest time for which the event loop stood still while `work` ran, in milliseconds. */
export async function longestStall(work) {
  let longest = 0
  let last = performance.now()
  let watching = true
  const watch = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (watching) setImmediate(watch)
  }
  setImmediate(watch)
  await work()
  watching = false
  await new Promise((resolve) => setImmediate(resolve))
  return longest
}

/** How long `work` takes, in milliseconds. */
export async function timed(work) {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}
