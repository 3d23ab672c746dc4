/** Deadlines for verbs that may hang, and for processes that hang with them. */

import { setTimeout as delay } from 'node:timers/promises'

/** What the promise gives; `{ hang: true }` if it gives nothing for so many milliseconds. */
export async function within(promise, deadline) {
  const late = new AbortController()
  const hang = delay(deadline, { hang: true }, { signal: late.signal }).catch(() => {})
  try {
    return await Promise.race([promise, hang])
  } finally {
    late.abort()
  }
}

/**
 * How a process ends: its code, or its signal. One that has not ended so many milliseconds after `isDue` is killed, and
 * `hang`s: no deadline of its own can help a process whose event loop stands still.
 */
export async function endOf(child, milliseconds, isDue = Promise.resolve()) {
  const end = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)))
  let [isLate, isOver] = [false, false]
  let timer
  const kill = () => {
    isLate = true
    child.kill('SIGKILL')
  }
  isDue.then(() => {
    if (!isOver) timer = setTimeout(kill, milliseconds)
  })
  const how = await end
  isOver = true
  clearTimeout(timer)
  return isLate ? 'hang' : how
}
